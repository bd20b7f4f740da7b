// Lists: selection, pages, and which moment they show. A page's token names a revision, so that all pages of
// one list are of one moment; once that moment is forgotten, the answer is 410 Expired.
import type { KubeObject } from "./object.ts";
import type { Registry } from "./registry.ts";
import { shownAs } from "./registry.ts";
import type { Resource } from "./resource.ts";
import type { Selector } from "./selectors.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import { badRequest, expired } from "./status.ts";

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continueFrom?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly revision: number;
  readonly continueFrom?: string;
  readonly remaining?: number;
}

/** Which objects of a kind are meant. Applies to objects as the resource shows them. */
export function selectorOf(resource: Resource, selection: Selection): Selector {
  const labels = parseLabelSelector(selection.labelSelector ?? "");
  const fields = parseFieldSelector(selection.fieldSelector ?? "", resource.selectableFields);
  const { namespace } = selection;
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels(object.metadata.labels ?? {}) &&
    fields(object);
}

export function list(registry: Registry, resource: Resource, options: ListOptions): ListPage {
  const { offset, revision } = startOf(registry, options);
  const stored = registry.store.listAt(resource.collection, revision);
  if (stored === undefined) throw expired(tooOld(options));
  const matches = selectorOf(resource, options);
  const all = stored.map((object) => shownAs(resource, object)).filter(matches);
  const { limit = 0 } = options;
  const end = limit > 0 ? offset + limit : all.length;
  const items = all.slice(offset, end);
  if (end >= all.length) return { items, revision };
  return {
    items,
    revision,
    continueFrom: Buffer.from(`${revision}:${end}`).toString("base64url"),
    remaining: all.length - end,
  };
}

function startOf(
  registry: Registry,
  options: ListOptions,
): { readonly offset: number; readonly revision: number } {
  const now = registry.store.revision;
  if (options.continueFrom !== undefined && options.continueFrom !== "") {
    const token = Buffer.from(options.continueFrom, "base64url").toString();
    const [revision, offset] = token.split(":").map(Number);
    if (!Number.isInteger(revision) || !Number.isInteger(offset)) {
      throw badRequest("continue key is not valid");
    }
    return { revision: revision ?? 0, offset: offset ?? 0 };
  }
  const asked = readRevision(options.resourceVersion);
  if (asked > now) throw tooNew(asked, now);
  return { offset: 0, revision: options.resourceVersionMatch === "Exact" ? asked : now };
}

/** 0 for none. */
export function readRevision(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: "${text}": resourceVersion`);
  return Number(text);
}

function tooOld({ continueFrom }: ListOptions): string {
  if (continueFrom === undefined) return "The resourceVersion for the provided list is too old.";
  return (
    "The provided continue parameter is too old to display a consistent list result. You must start a new " +
    "list without the continue parameter."
  );
}

function tooNew(asked: number, now: number): Error {
  return expired(`Too large resource version: ${asked}, current: ${now}`);
}
