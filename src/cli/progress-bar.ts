/**
 * A progress bar on stderr, on a terminal only. A few lines rather than a package: the work it shows is
 * synchronous, so a library's timers would never fire.
 */
export interface ProgressBar extends Disposable {
  /** Shows a share of the work, 0 to 1. */
  readonly update: (share: number) => void;
}

const width = 30;

/** A bar that is wiped away when it is disposed. */
export function progressBar(label: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  let shown = "";
  return {
    update(share) {
      if (stream.isTTY !== true) return;
      const filled = Math.round(width * share);
      const text = `${label} [${"=".repeat(filled)}${" ".repeat(width - filled)}] ${Math.floor(100 * share)} %`;
      if (text === shown) return;
      shown = text;
      stream.write(`\r${text}`);
    },
    [Symbol.dispose]() {
      if (shown === "") return;
      stream.write(`\r${" ".repeat(shown.length)}\r`);
      shown = "";
    },
  };
}

/** From so many bytes on what a step leaves behind is collected: it saves half of the memory for 1 % of the time. */
const collectedBytesMin = 2_000_000;

/** What is to be called between the steps of a diff of files of so many bytes. */
export function betweenSteps({ update }: ProgressBar, bytes: number): (share: number) => void {
  if (bytes < collectedBytesMin) return update;
  return (share) => {
    update(share);
    Bun.gc(true);
  };
}
