/**
 * What a node refused. Its code is text and not of the closed list of this program: the node may be of a later
 * version, and a pipeline branches on what the node said.
 */
export class NodeRefusal extends Error {
  override readonly name = "NodeRefusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
