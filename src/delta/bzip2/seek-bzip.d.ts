/** The part of seek-bzip 2.0.0 that emend uses; the package has no types of its own. */
declare module "seek-bzip" {
  class Stream {
    pos: number;
    readByte(): number;
    seek(position: number): void;
    eof(): boolean;
  }
  const Bunzip: {
    readonly Stream: typeof Stream;
    decode(input: Stream, output: { writeByte(byte: number): void }): void;
  };
  export = Bunzip;
}
