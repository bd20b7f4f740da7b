// The string formats an API server checks (k8s.io/kube-openapi strfmt). An unknown format is no constraint.
import { isIP, isIPv4, isIPv6 } from "node:net";

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const DURATION = /^[-+]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  "date-time": (text) => RFC_3339.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  duration: (text) => DURATION.test(text) || text === "0",
  uuid: (text) => UUID.test(text),
  uri: (text) => URL.canParse(text),
  email: (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  hostname: (text) => text.length <= 253 && /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: (text) => isIP(text) !== 0,
  cidr: (text) => /^(.+)\/\d{1,3}$/.test(text) && isIP(text.replace(/\/.*$/, "")) !== 0,
  byte: (text) => BASE64.test(text),
};

export function hasFormat(format: string, value: string): boolean {
  return FORMATS[format]?.(value) ?? true;
}

const INT32 = 2 ** 31;

/** int32 bounds; int64 is bounded by what JSON numbers keep exactly. */
export function fitsInteger(format: unknown, value: number): boolean {
  if (format === "int32") return value >= -INT32 && value < INT32;
  return Number.isSafeInteger(value);
}
