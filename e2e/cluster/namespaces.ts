// The namespaces that a run lives in: network, mounts and processes of its own. When its first process dies, the kernel ends
// every other, and takes every mount, link and network namespace away. Writes to /run, /var/lib and /var/log stay in memory
// and go too.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESOLV_CONF } from "./node-files.ts";

/** The command that runs `command` in there, and ends with its exit code. It dies with whoever starts it. */
export function inNamespaces(folder: string, command: readonly string[]): readonly string[] {
  writeFileSync(join(folder, "resolv.conf"), RESOLV_CONF);
  const unshare =
    "unshare --net --mount --propagation private --pid --fork --kill-child --mount-proc".split(" ");
  // The shell stays: as the first process it collects the children of those that died.
  const script = `set -e
ip link set lo up
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lib/upper /run/lib/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work lib /var/lib
mount -t tmpfs -o mode=755 log /var/log
# It may be a link into /run, which is empty now.
resolv_conf=$(readlink -m /etc/resolv.conf)
mkdir -p "$(dirname "$resolv_conf")"
test -e "$resolv_conf" || touch "$resolv_conf"
mount --bind "$1/resolv.conf" "$resolv_conf"
shift
"$@" || exit $?`;
  return [
    "setpriv",
    "--pdeathsig",
    "KILL",
    ...unshare,
    "sh",
    "-c",
    script,
    "run",
    folder,
    ...command,
  ];
}
