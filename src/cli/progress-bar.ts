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
