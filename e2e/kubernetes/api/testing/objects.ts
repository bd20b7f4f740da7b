// Objects for tests of things that only look at them.
import type { Fields, KubeObject } from "../object.ts";

export function podLike(rest: Fields = {}): KubeObject {
  const metadata = {
    name: "p",
    namespace: "default",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  return { apiVersion: "v1", kind: "Pod", metadata, ...rest };
}
