// As much of Grafana's dashboard model as ours needs: small builders that give plain objects, and the layout. What a
// panel asks for and how it is to be read stands in panels.ts.
//
// Grafana draws what it does not understand as nothing at all, so each builder sets what it means and no more.

/** Grafana's own width of a dashboard. */
const WIDTH = 24;
const SCHEMA_VERSION = 39;
const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

export type Unit = "s" | "bytes" | "Bps" | "short" | "reqps" | "dateTimeFromNow";

export interface Query {
  readonly expr: string;
  /** How a series is called, such as `{{database}}`. */
  readonly legend?: string;
}

export interface Step {
  readonly color: "green" | "orange" | "red" | "blue" | "text";
  /** From this value on; null: from the beginning. */
  readonly value: number | null;
}

export interface Panel {
  readonly title: string;
  /** What it tells, for a person who sees it for the first time. */
  readonly description: string;
  readonly type: "stat" | "timeseries" | "table" | "state-timeline";
  readonly queries: readonly Query[];
  readonly width: number;
  readonly height: number;
  readonly fieldConfig: object;
  readonly options: object;
  /** Only the last value is asked for. */
  readonly instant: boolean;
  readonly transformations: readonly object[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A variable that is filled by a question to Prometheus; all values at first. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
}

type Text = Pick<Panel, "title" | "description">;

/** One number, coloured by what it means. Without a value it says so: nothing is green for want of data. */
export function stat(
  text: Text,
  query: Query,
  look: { unit: Unit; steps: readonly Step[] },
): Panel {
  const { unit, steps } = look;
  return {
    ...text,
    type: "stat",
    queries: [query],
    width: 6,
    height: 4,
    instant: true,
    transformations: [],
    fieldConfig: {
      defaults: {
        unit,
        decimals: unit === "s" ? 1 : 0,
        noValue: "no data",
        color: { mode: "thresholds" },
        thresholds: { mode: "absolute", steps },
      },
      overrides: [],
    },
    options: {
      colorMode: "background",
      graphMode: "none",
      justifyMode: "center",
      textMode: "value",
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    },
  };
}

/** Lines over time; with `stacked` areas on each other, with `bars` what happened in each interval. */
export function graph(
  text: Text,
  queries: readonly Query[],
  look: { unit: Unit; width?: number; style?: "stacked" | "bars"; steps?: readonly Step[] },
): Panel {
  const { unit, width = 8, style, steps } = look;
  return {
    ...text,
    type: "timeseries",
    queries,
    width,
    height: 8,
    instant: false,
    transformations: [],
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        color: { mode: "palette-classic" },
        ...(steps === undefined ? {} : { thresholds: { mode: "absolute", steps } }),
        custom: {
          drawStyle: style === "bars" ? "bars" : "line",
          fillOpacity: style === undefined ? 0 : 30,
          lineWidth: 1,
          showPoints: "never",
          stacking: { mode: style === undefined ? "none" : "normal", group: "A" },
          thresholdsStyle: { mode: steps === undefined ? "off" : "line" },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
}

export interface Column {
  readonly name: string;
  readonly unit?: Unit;
  readonly steps?: readonly Step[];
  readonly words?: Readonly<Record<string, string>>;
}

/** One line for each set of labels, with a column for each query in the order of `columns`. */
export function table(
  text: Text,
  queries: readonly Query[],
  look: { columns: readonly Column[]; width?: number; hidden?: readonly string[] },
): Panel {
  const { columns, width = 24, hidden = [] } = look;
  const refs = columns.map((column, i) => [valueName(i), column.name] as const);
  return {
    ...text,
    type: "table",
    queries,
    width,
    height: 8,
    instant: true,
    transformations: [
      { id: "merge", options: {} },
      {
        id: "organize",
        options: {
          excludeByName: Object.fromEntries(["Time", ...hidden].map((name) => [name, true])),
          indexByName: {},
          renameByName: Object.fromEntries(refs),
        },
      },
    ],
    fieldConfig: {
      defaults: { custom: { align: "auto", cellOptions: { type: "auto" } } },
      overrides: columns.map(overrideOf),
    },
    options: { showHeader: true, cellHeight: "sm" },
  };
}

function overrideOf({ name, unit, steps, words }: Column): object {
  const property = (id: string, value: unknown): object => ({ id, value });
  const mapping = (all: Readonly<Record<string, string>>): object => ({
    type: "value",
    options: Object.fromEntries(
      Object.entries(all).map(([value, word]) => [value, { text: word }]),
    ),
  });
  return {
    matcher: { id: "byName", options: name },
    properties: [
      ...(unit === undefined ? [] : [property("unit", unit)]),
      ...(words === undefined ? [] : [property("mappings", [mapping(words)])]),
      ...(steps === undefined
        ? []
        : [
            property("color", { mode: "thresholds" }),
            property("thresholds", { mode: "absolute", steps }),
            property("custom.cellOptions", { type: "color-background" }),
          ]),
    ],
  };
}

/** A coloured band for each series: what it was, and when. */
export function timeline(
  text: Text,
  query: Query,
  look: { words: Readonly<Record<string, { text: string; color: string }>>; width?: number },
): Panel {
  return {
    ...text,
    type: "state-timeline",
    queries: [query],
    width: look.width ?? 8,
    height: 8,
    instant: false,
    transformations: [],
    fieldConfig: {
      defaults: {
        color: { mode: "thresholds" },
        custom: { fillOpacity: 70, lineWidth: 0 },
        mappings: [{ type: "value", options: look.words }],
      },
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: "never",
      legend: { displayMode: "list", placement: "bottom", showLegend: true },
    },
  };
}

export interface DashboardText {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
}

/** The whole file, as Grafana imports it. The first row is always open, as all are. */
export function dashboard(
  text: DashboardText,
  variables: readonly Variable[],
  rows: readonly Row[],
): object {
  return {
    ...text,
    editable: true,
    graphTooltip: 1,
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    refresh: "1m",
    time: { from: "now-24h", to: "now" },
    timezone: "",
    annotations: { list: [] },
    links: [],
    templating: { list: [datasourceVariable(), ...variables.map(variable)] },
    panels: laidOut(rows),
  };
}

function datasourceVariable(): object {
  return { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" };
}

function variable({ name, label, query }: Variable): object {
  return {
    name,
    label,
    type: "query",
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    includeAll: true,
    // Series of objects without the label are meant too.
    allValue: ".*",
    multi: true,
    refresh: 2,
    sort: 1,
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}

/** Panels one after another, as many beside each other as there is room for. */
function laidOut(rows: readonly Row[]): readonly object[] {
  const out: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const gridPos = { x: 0, y, w: WIDTH, h: 1 };
    out.push({ id: out.length + 1, type: "row", title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const panel of panels) {
      if (x + panel.width > WIDTH) [x, y, tallest] = [0, y + tallest, 0];
      out.push(panelAt(panel, { id: out.length + 1, x, y }));
      x += panel.width;
      tallest = Math.max(tallest, panel.height);
    }
    y += tallest;
  }
  return out;
}

function panelAt(panel: Panel, { id, x, y }: { id: number; x: number; y: number }): object {
  const { width, height, queries, instant, transformations, ...rest } = panel;
  return {
    id,
    ...rest,
    datasource: DATASOURCE,
    gridPos: { x, y, w: width, h: height },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: refId(i),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend ?? "__auto",
      editorMode: "code",
      range: !instant,
      instant,
      ...(panel.type === "table" ? { format: "table" } : {}),
    })),
    ...(transformations.length === 0 ? {} : { transformations }),
  };
}

function refId(i: number): string {
  return String.fromCharCode(65 + i);
}

/** What Grafana calls the value of a query once several are merged. */
function valueName(i: number): string {
  return `Value #${refId(i)}`;
}
