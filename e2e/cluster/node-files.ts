// What a node's programs read.
import { stringify } from "yaml";
import { CNI_FOLDER } from "./programs.ts";
import { CONTROL_PLANE_ADDRESS, POD_RANGE, type NodePlace } from "./network.ts";

export const CLUSTER_DOMAIN = "cluster.local";
/** The Service of the cluster's DNS. */
export const DNS_SERVICE = "10.96.0.10";
/** Made here and imported into each node: {@link ./pause-image.ts}. */
export const PAUSE_IMAGE = "localhost/pause:1";

/** What the kubelet would set on the whole machine. Each node shows it these files in their place. */
export const SYSCTLS: Readonly<Record<string, string>> = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
};

/** Nothing here may be asked of the world: `/run`, `/var/lib` and `/var/log` are the node's own. */
export function containerdConfig(root: string, cni: string): string {
  return `
version = 2
root = "${root}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
]
[plugins."io.containerd.internal.v1.opt"]
  path = "${root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # A container of this machine may not be allowed to protect itself from the kernel's killer.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_FOLDER}"
    conf_dir = "${cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/** A cable to each pod, no bridge: replies between pods of one node pass the node, where kube-proxy's work is undone. */
export function cniConfig({ podRange }: NodePlace, folder: string): string {
  const ipam = {
    type: "host-local",
    dataDir: `${folder}/ipam`,
    ranges: [[{ subnet: podRange }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return JSON.stringify({
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      { type: "ptp", ipMasq: false, ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  });
}

export interface KubeletPlace {
  readonly cgroup: string;
  readonly resolvConf: string;
  /** PEM file of the authority that signs the API server's own certificate. */
  readonly authority: string;
}

export function kubeletConfig({ cgroup, resolvConf, authority }: KubeletPlace): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    failSwapOn: false,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: authority },
    },
    authorization: { mode: "Webhook" },
    clusterDomain: CLUSTER_DOMAIN,
    clusterDNS: [DNS_SERVICE],
    resolvConf,
    // Images are imported by hand and cannot be pulled again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
    },
    // A sign of life every two seconds: the grace is twenty.
    nodeLeaseDurationSeconds: 8,
    nodeStatusUpdateFrequency: "5s",
    shutdownGracePeriod: "0s",
  });
}

export function kubeletFlags(place: NodePlace, files: { config: string; kubeconfig: string }) {
  return [
    `--config=${files.config}`,
    `--kubeconfig=${files.kubeconfig}`,
    `--hostname-override=${place.name}`,
    `--node-ip=${place.address}`,
  ];
}

export function kubeProxyFlags({ name }: NodePlace, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${name}`,
    "--proxy-mode=nftables",
    `--cluster-cidr=${POD_RANGE}`,
    // The machine's, not the node's to set.
    "--conntrack-max-per-core=0",
    "--conntrack-tcp-timeout-established=0",
    "--conntrack-tcp-timeout-close-wait=0",
  ];
}

/** Of nodes and of whoever runs beside the control plane: names of the cluster, as its pods write them. */
export const RESOLV_CONF = `nameserver ${CONTROL_PLANE_ADDRESS}\nsearch ${CLUSTER_DOMAIN}\noptions ndots:5\n`;
