/** Terms of a C entry that are summed before they are added to it. */
export const DEPTH: i32 = 256;
