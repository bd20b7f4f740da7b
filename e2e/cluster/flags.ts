// The flags of the control plane's programs. Times are short where a test waits for them, else they are the defaults.
import { join } from "node:path";
import { LOOPBACK } from "../servers/loopback.ts";

export const SERVICE_RANGE = "10.96.0.0/16";
/** The API server's own Service. */
export const SERVICE_RANGE_FIRST = "10.96.0.1";
/**
 * After so long without a word a node is NotReady; five seconds later its pods are given up. Defaults: 50 s, 300 s. Longer
 * than the controllers take to watch again after the API server was killed: with 10 s they held both nodes for lost.
 */
const NODE_GRACE = "20s";
const TOLERATION_SECONDS = 5;

export interface Ports {
  readonly etcd: number;
  readonly etcdPeers: number;
  readonly apiServer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

/** Where a control plane is. */
export interface Place {
  readonly folder: string;
  readonly address: string;
  readonly ports: Ports;
}

type Flags = Readonly<Record<string, string | number | boolean>>;

const inWords = (flags: Flags): string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

export function etcd({ folder, address, ports }: Place): string[] {
  const [clients, peers] = [ports.etcd, ports.etcdPeers].map((port) => `http://${address}:${port}`);
  return inWords({
    name: "tests",
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": clients ?? "",
    "advertise-client-urls": clients ?? "",
    "listen-peer-urls": peers ?? "",
    "initial-advertise-peer-urls": peers ?? "",
    "initial-cluster": `tests=${peers}`,
    // A disk that loses power takes this cluster with it anyway.
    "unsafe-no-fsync": true,
    "log-level": "warn",
  });
}

export function apiServer(place: Place, more: readonly string[]): string[] {
  const { folder, address, ports } = place;
  const pki = (file: string) => join(folder, "pki", file);
  const flags = inWords({
    "etcd-servers": `http://${address}:${ports.etcd}`,
    "bind-address": address,
    "advertise-address": address,
    "secure-port": ports.apiServer,
    "tls-cert-file": pki("apiserver.crt"),
    "tls-private-key-file": pki("apiserver.key"),
    "client-ca-file": pki("ca.crt"),
    "service-account-key-file": pki("service-accounts.pub"),
    "service-account-signing-key-file": pki("service-accounts.key"),
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-cluster-ip-range": SERVICE_RANGE,
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "allow-privileged": true,
    // A loopback address may not be published in the API server's own Service.
    "endpoint-reconciler-type": address === LOOPBACK ? "none" : "lease",
    "kubelet-client-certificate": pki("apiserver-kubelet.crt"),
    "kubelet-client-key": pki("apiserver-kubelet.key"),
    "kubelet-preferred-address-types": "InternalIP",
    "requestheader-client-ca-file": pki("ca.crt"),
    "requestheader-allowed-names": "front-proxy",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-username-headers": "X-Remote-User",
    "proxy-client-cert-file": pki("front-proxy.crt"),
    "proxy-client-key-file": pki("front-proxy.key"),
    "shutdown-delay-duration": "0s",
    "default-not-ready-toleration-seconds": TOLERATION_SECONDS,
    "default-unreachable-toleration-seconds": TOLERATION_SECONDS,
  });
  return [...flags, ...more];
}

export function controllerManager(place: Place): string[] {
  const pki = (file: string) => join(place.folder, "pki", file);
  return inWords({
    ...client(place, "controller-manager", place.ports.controllerManager),
    "use-service-account-credentials": true,
    "service-account-private-key-file": pki("service-accounts.key"),
    "root-ca-file": pki("ca.crt"),
    "cluster-signing-cert-file": pki("ca.crt"),
    "cluster-signing-key-file": pki("ca.key"),
    "node-monitor-period": "1s",
    "node-monitor-grace-period": NODE_GRACE,
  });
}

export function scheduler(place: Place): string[] {
  return inWords(client(place, "scheduler", place.ports.scheduler));
}

function client({ folder, address }: Place, user: string, port: number): Flags {
  const kubeconfig = join(folder, "pki", `${user}.kubeconfig`);
  return {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": address,
    "secure-port": port,
    "leader-elect": false,
  };
}
