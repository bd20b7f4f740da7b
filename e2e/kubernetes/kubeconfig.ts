// The file that kubectl and the operator find a cluster with. Nobody is asked who they are, so there is no
// credential in it.
import { stringify } from "yaml";

const NAME = "embedded";

export function kubeconfig(server: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: NAME, cluster: { server } }],
    users: [{ name: NAME, user: {} }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: "default" } }],
    "current-context": NAME,
  });
}
