/** `npm run check`: the one gate. Format, lint, types, build, then every test (those of the binary too). */
const steps: readonly (readonly string[])[] = [
  ["npx", "biome", "format", "."],
  ["npx", "biome", "lint", "--error-on-warnings", "."],
  ["npx", "tsc", "--noEmit"],
  [process.execPath, "scripts/build.ts"],
  [process.execPath, "scripts/test.ts"],
];

for (const step of steps) {
  console.log(`\n> ${step.join(" ")}`);
  const { exitCode } = Bun.spawnSync([...step], { stdio: ["ignore", "inherit", "inherit"] });
  if (exitCode !== 0) process.exit(exitCode);
}
