/**
 * CPU time of this thread, milliseconds. Unlike the wall's clock it stands still while the kernel runs something else,
 * so nobody is charged for a machine that is busy. Asking takes 0.5 to 1 µs, ten times as long as `performance.now()`.
 */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
