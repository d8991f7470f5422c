/** Who asks: what a token stands for. */

/** `read` sees everything and changes nothing; `publish` may also change what a site answers with; `operator` may do all. */
export type Role = "read" | "publish" | "operator";

/** Every role, the least first. */
export const roles: readonly Role[] = ["read", "publish", "operator"];

/** The owner of a token. */
export interface Principal {
  /** `operator` for the operator token. */
  readonly name: string;
  readonly role: Role;
  /** The only site that it concerns; null is the whole node. */
  readonly site: string | null;
}
