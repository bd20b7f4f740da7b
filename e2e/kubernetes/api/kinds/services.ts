// Services with a ClusterIP out of a pool of loopback addresses, those of type NodePort with a port of every node, too.
// ExternalName and LoadBalancer are not there: nothing here would carry their traffic, so they are refused. A Service
// keeps its type: whoever wants another makes another.
import type { FieldError } from "../field-error.ts";
import { duplicate, invalid, required, unsupported } from "../field-error.ts";
import type { Fields, KubeObject } from "../object.ts";
import { at, fieldsAt, listAt, shown, textAt, withDefaults } from "../object.ts";
import type { AdmissionContext } from "../resource.ts";
import { builtIn } from "../resource.ts";
import { AGE, NAME } from "./columns.ts";

export const services = builtIn({
  plural: "services",
  kind: "Service",
  shortNames: ["svc"],
  categories: ["all"],
  hasStatus: true,
  selectableFields: ["spec.clusterIP", "spec.type"],
  columns: [
    NAME,
    { name: "Type", type: "string", cell: (o) => textAt(o, "spec", "type") },
    { name: "Cluster-IP", type: "string", cell: (o) => textAt(o, "spec", "clusterIP") ?? "<none>" },
    { name: "External-IP", type: "string", cell: () => "<none>" },
    { name: "Port(s)", type: "string", cell: shownPorts },
    AGE,
    { name: "Selector", type: "string", priority: 1, cell: shownSelector },
  ],
  rules: {
    defaults: serviceDefaults,
    admit: giveAddress,
    keep: keepAddress,
    validate: checkService,
  },
});

function serviceDefaults(service: KubeObject): KubeObject {
  const spec = fieldsAt(service, "spec");
  const sticky = spec["sessionAffinity"] === "ClientIP";
  const filled = withDefaults(spec, {
    type: "ClusterIP",
    sessionAffinity: "None",
    ...(sticky ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } } : {}),
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
  });
  const ports = listAt(spec, "ports").map((port) =>
    withDefaults(port as Fields, { protocol: "TCP", targetPort: at(port, "port") }),
  );
  return { ...service, spec: { ...filled, ...(ports.length === 0 ? {} : { ports }) } };
}

function giveAddress(service: KubeObject, context: AdmissionContext): KubeObject {
  const wanted = textAt(service, "spec", "clusterIP") ?? "";
  const status = { loadBalancer: {} };
  if (!TYPES.includes(textAt(service, "spec", "type") ?? "")) return { ...service, status };
  const address =
    wanted === "None" ? wanted : context.takeClusterIp(service, wanted === "" ? undefined : wanted);
  const spec = { ...fieldsAt(service, "spec"), clusterIP: address, clusterIPs: [address] };
  return withNodePorts({ ...service, spec, status }, context);
}

const TYPES = ["ClusterIP", "NodePort"];

function withNodePorts(service: KubeObject, context: AdmissionContext): KubeObject {
  const spec = fieldsAt(service, "spec");
  if (spec["type"] !== "NodePort") return service;
  const ports = listAt(spec, "ports").map((port) =>
    withDefaults(port as Fields, { nodePort: context.takeNodePort() }),
  );
  return { ...service, spec: { ...spec, externalTrafficPolicy: "Cluster", ports } };
}

function keepAddress(service: KubeObject, old: KubeObject): KubeObject {
  const spec = fieldsAt(service, "spec");
  if ((textAt(spec, "clusterIP") ?? "") !== "") return service;
  const { clusterIP, clusterIPs } = fieldsAt(old, "spec");
  return { ...service, spec: { ...spec, clusterIP, clusterIPs } };
}

const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DNS_1035_HELP =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic " +
  "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for " +
  "validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

function checkService(service: KubeObject, old: KubeObject | undefined): FieldError[] {
  const { name } = service.metadata;
  const spec = fieldsAt(service, "spec");
  return [
    ...(name.length > 63
      ? [invalid("metadata.name", name, "must be no more than 63 characters")]
      : []),
    ...(DNS_1035.test(name) ? [] : [invalid("metadata.name", name, DNS_1035_HELP)]),
    ...checkPorts(listAt(spec, "ports")),
    ...oneOf(spec, "type", TYPES),
    ...oneOf(spec, "sessionAffinity", ["ClientIP", "None"]),
    ...oneOf(spec, "internalTrafficPolicy", ["Cluster", "Local"]),
    ...oneOf(spec, "trafficDistribution", ["PreferClose", "PreferSameNode", "PreferSameZone"]),
    ...(old === undefined ? [] : checkAddress(spec, fieldsAt(old, "spec"))),
  ];
}

function oneOf(spec: Fields, field: string, known: readonly string[]): FieldError[] {
  const value = spec[field];
  if (value === undefined || known.includes(shown(value))) return [];
  return [unsupported(`spec.${field}`, value, known)];
}

function checkAddress(spec: Fields, old: Fields): FieldError[] {
  if (spec["type"] !== old["type"])
    return [unsupported("spec.type", spec["type"], [shown(old["type"])])];
  if (spec["clusterIP"] === old["clusterIP"]) return [];
  return [invalid("spec.clusterIPs[0]", spec["clusterIP"], "may not change once set")];
}

function checkPorts(ports: readonly unknown[]): FieldError[] {
  if (ports.length === 0) return [required("spec.ports")];
  const seen = new Set<string>();
  return ports.flatMap((port, i) => {
    const path = `spec.ports[${i}]`;
    const number = at(port, "port");
    const key = `${String(at(port, "protocol"))}:${String(number)}`;
    const again = seen.has(key);
    seen.add(key);
    return [
      ...(isPort(number) ? [] : [invalid(`${path}.port`, number, PORT_RANGE)]),
      ...(isTarget(at(port, "targetPort"))
        ? []
        : [invalid(`${path}.targetPort`, at(port, "targetPort"), PORT_RANGE)]),
      ...(ports.length > 1 && textAt(port, "name") === undefined ? [required(`${path}.name`)] : []),
      ...(again ? [duplicate(path, port)] : []),
    ];
  });
}

const PORT_RANGE = "must be between 1 and 65535, inclusive";

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

/** A number, or the name of a container's port. */
function isTarget(value: unknown): boolean {
  return typeof value === "string" ? value !== "" : isPort(value);
}

function shownPorts(service: KubeObject): string {
  const ports = listAt(service, "spec", "ports");
  if (ports.length === 0) return "<none>";
  return ports.map(shownPort).join(",");
}

function shownPort(port: unknown): string {
  const nodePort = at(port, "nodePort");
  const outside = typeof nodePort === "number" ? `:${nodePort}` : "";
  return `${String(at(port, "port"))}${outside}/${String(at(port, "protocol"))}`;
}

function shownSelector(service: KubeObject): string {
  const pairs = Object.entries(fieldsAt(service, "spec", "selector"));
  return pairs.length === 0 ? "<none>" : pairs.map(([k, v]) => `${k}=${String(v)}`).join(",");
}
