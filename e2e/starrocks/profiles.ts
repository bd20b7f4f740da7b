// Every profile by its name.
import type { Profile, ProfileName } from "./profile.ts";
import { V2_5 } from "./profile-v2.ts";
import { RECORDED, V3_1, V3_3_0, V3_3_2, V3_4, V3_5 } from "./profile-v3.ts";
import { V4_1, V4_2 } from "./profile-v4.ts";

const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  "2.5": V2_5,
  "3.1": V3_1,
  recorded: RECORDED,
  "3.3.0": V3_3_0,
  "3.3.2": V3_3_2,
  "3.4": V3_4,
  "3.5": V3_5,
  "4.1": V4_1,
  "4.2": V4_2,
};

export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

export function profileOf(name: ProfileName): Profile {
  return PROFILES[name];
}
