// Names of Services, as the cluster's DNS answers them: `<service>.<namespace>.svc`, with or without the
// cluster's domain.

const NAME = /^([-a-z0-9]+)\.([-a-z0-9]+)\.svc(?:\.cluster\.local)?\.?$/;

/** Undefined: the host is no Service's name. */
export function serviceNameOf(
  host: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const [, name, namespace] = NAME.exec(host.toLowerCase()) ?? [];
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}
