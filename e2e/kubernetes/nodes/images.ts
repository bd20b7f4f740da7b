// Images, as far as a process on this machine has one: which paths of the image are which files here.

export interface Image {
  /** Path prefixes inside the image and where they are here. */
  readonly paths: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** By name as a pod's spec writes it. */
export type Images = Readonly<Record<string, Image>>;
