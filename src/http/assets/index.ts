/** Static assets: the files of a release that are answered as they are. */
export { type Assets, type AssetsOptions, createAssets } from "./assets.ts";
