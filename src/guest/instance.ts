/**
 * One instance of a command and the host that serves it. It runs, is put back to where it was after
 * instantiation, and runs again; what cannot be put back is never run twice.
 */
import { peek } from "bun";
import { EmendError, invariant, messageOf } from "../errors.ts";
import {
  bindCalls,
  emptyRun,
  type HostCall,
  type Run,
  reachesFiles,
  type Turns,
  WasiHost,
} from "../wasi/index.ts";
import type { CompiledModule } from "./compiled-module.ts";
import { abiOf, gateLink, type Link, linkImports, linkModuleOf } from "./link-module.ts";
import { Account, type Meter } from "./meter.ts";
import { type MemoryImage, Snapshot, takeImage } from "./snapshot.ts";

/** How a run ended. `trap` carries the engine's words; `stopped` means that the host ended it. */
export type Outcome =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "trap"; readonly message: string }
  | { readonly kind: "stopped" };

const exitZero: Outcome = { kind: "exit", code: 0 };
const stopped: Outcome = { kind: "stopped" };

/** For what never runs. */
const idleMeter: Meter = { sliceFuel: 1, spent: () => 0 };

type Entry = () => Promise<unknown>;
type Exports = Readonly<Record<string, unknown>>;
type Imports = NonNullable<ConstructorParameters<typeof WebAssembly.Instance>[1]>;
type ModuleImports = Imports[string];

/** What an instance may be made with. */
export interface InstanceOptions {
  /** Asked before each host call whether the guest's time is over: one that never waits lets no timer fire. */
  readonly isOver?: () => boolean;
  /** Whom the instance of a metered module asks; it cannot be made without. */
  readonly meter?: Meter;
  /** Who decides when it has the thread; without, it has it whenever it can go on. */
  readonly turns?: Turns;
}

export class Instance {
  readonly #compiled: CompiledModule;
  readonly #stop = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  /** What a host call threw: a bug of ours. */
  readonly #thrown = new WebAssembly.Global<"externref">({ value: "externref", mutable: true }, undefined);
  readonly #host: WasiHost;
  /** The functions that the guest imports, by import module. */
  readonly #imports: Imports = {};
  #entry!: Entry;
  #capture: (() => void) | undefined;
  #restore: (() => void) | undefined;
  #memories: readonly WebAssembly.Memory[] = [];
  /** Undefined for a module that is not metered. */
  readonly #account: Account | undefined;
  readonly #gate: Exports = {};
  #snapshots: readonly Snapshot[] | undefined;
  #trapped = false;

  private constructor(compiled: CompiledModule, options: InstanceOptions) {
    this.#compiled = compiled;
    this.#host = new WasiHost(
      this.#stop,
      compiled.links.some(({ names }) => names.some(reachesFiles)),
      options.turns,
    );
    const shared = { stop: this.#stop, thrown: this.#thrown, tag: jspi.JSTag };
    const { metering } = compiled;
    if (metering !== undefined) {
      invariant(options.meter !== undefined, "an instance of a metered module has a meter");
      this.#account = new Account(
        options.meter,
        metering,
        () => this.#memories,
        () => this.#host.stop(),
      );
      this.#gate = linkGate(this.#account, shared);
    }
    for (const link of compiled.links) {
      const imports = linkImportsOf(link, this.#host, shared, options);
      const linked = new WebAssembly.Instance(linkModuleOf(link), imports);
      this.#imports[link.module] = linked.exports as ModuleImports;
    }
  }

  /**
   * A fresh instance, initialised and ready to run.
   *
   * @throws EmendError `module.invalid` when it cannot be had: its initialisers trap, its memory is too large.
   */
  static async create(compiled: CompiledModule, options: InstanceOptions = {}): Promise<Instance> {
    try {
      const instance = new Instance(compiled, options);
      await instance.#instantiate();
      return instance;
    } catch (cause) {
      const message = `${compiled.name}: it could not be instantiated: ${trapMessage(cause)}`;
      throw new EmendError("module.invalid", message, { cause });
    }
  }

  /**
   * Makes an instance that never runs. The engine finishes a module for the kind of memory that an instance gets, and
   * whoever asks first waits for that: for a large module longer than requests should. Nothing is said about one that
   * cannot be made, since that is said when it is needed.
   */
  static rehearse(compiled: CompiledModule): void {
    try {
      const instance = new Instance(compiled, { meter: idleMeter });
      new WebAssembly.Instance(compiled.module, instance.#imports);
    } catch {
      // Too little memory, or data out of bounds.
    }
  }

  get memoryBytes(): number {
    return this.#memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  }

  /**
   * Runs `_start`. Everything that the guest sees of its surroundings is in `run`. A guest that never waits
   * has ended when this returns, and its outcome comes without a promise; no promise ever rejects.
   */
  run(run: Run): Outcome | Promise<Outcome> {
    this.#host.begin(run);
    this.#account?.begin();
    const end = this.#entry();
    if (peek.status(end) !== "fulfilled") return end.then(this.#succeeded, this.#failed);
    this.#host.end();
    return exitZero;
  }

  /** What the host calls of the last run cost, in the units of the wasi room's table of costs. */
  get hostCost(): number {
    return this.#host.charged;
  }

  /** Ends the run that is under way: at its next host call, or now if it waits in one. */
  stop(): void {
    this.#host.stop();
    this.#account?.wake();
  }

  /** Lets the guest ask for more fuel at its next charge, whatever it has left. */
  endSlice(): void {
    this.#account?.endSlice();
  }

  /** Fuel that the run under way, or the last one, has used; 0 for a module that is not metered. */
  get fuelUsed(): number {
    return this.#account?.used ?? 0;
  }

  /**
   * Takes the snapshot that `restore` goes back to, before the first run. `images` are those of an instance
   * that began the same way; they are taken when there are none. Returns them.
   */
  takeSnapshot(images?: readonly MemoryImage[]): readonly MemoryImage[] {
    invariant(this.#compiled.unrestorable.length === 0, "only restorable instances are snapshotted");
    const taken = images ?? this.#memories.map((memory) => takeImage(memory));
    this.#snapshots = this.#memories.map((memory, index) => new Snapshot(memory, taken[index]!));
    this.#capture?.();
    return taken;
  }

  /** Whether `restore` clears only what was ever touched of a memory. */
  get clearsTouchedOnly(): boolean {
    return this.#snapshots?.some((snapshot) => snapshot.clearsTouchedOnly) === true;
  }

  /** Puts the instance back; false when it cannot be, or has no snapshot, and has to be dropped. */
  restore(): boolean {
    const snapshots = this.#snapshots;
    if (snapshots === undefined || this.#trapped || this.#host.stopped) return false;
    for (const snapshot of snapshots) if (!snapshot.fits) return false;
    for (const snapshot of snapshots) snapshot.restore();
    this.#restore?.();
    return true;
  }

  async #instantiate(): Promise<void> {
    const { module, exports: added, initializers } = this.#compiled;
    const exports = new WebAssembly.Instance(module, this.#imports).exports as Exports;
    if (this.#compiled.metering !== undefined)
      this.#account?.attach(exports, this.#compiled.metering.exports, this.#gate);
    this.#memories = added.memories.map((name) => exports[name] as WebAssembly.Memory);
    const { memory, _start: start } = exports;
    if (memory instanceof WebAssembly.Memory) this.#host.memory.attach(memory);
    this.#entry = promising(start);
    if (added.capture !== undefined) this.#capture = exports[added.capture] as () => void;
    if (added.restore !== undefined) this.#restore = exports[added.restore] as () => void;

    this.#host.begin(emptyRun);
    for (const name of initializers) {
      this.#account?.begin();
      await promising(exports[name])();
    }
    this.#host.end();
  }

  readonly #succeeded = (): Outcome => {
    this.#host.end();
    return exitZero;
  };

  readonly #failed = (error: unknown): Outcome => {
    this.#host.end();
    const code = this.#host.exitCode;
    if (code !== undefined) return { kind: "exit", code };
    this.#trapped = true;
    if (this.#host.stopped) return stopped;
    const { value: thrown } = this.#thrown;
    if (thrown !== undefined) return { kind: "trap", message: `a host call failed: ${messageOf(thrown)}` };
    return { kind: "trap", message: this.#account?.overflowed ? tooDeep : trapMessage(error) };
  };
}

/** The engine's words where it is the one to end a recursion. */
const tooDeep = "Maximum call stack size exceeded.";

/** The engine's words, without the JavaScript of ours that it adds to them: `(evaluating 'this.#entry()')`. */
function trapMessage(error: unknown): string {
  return messageOf(error).replace(/ \(evaluating '.*'\)$/, "");
}

/** JSPI (JavaScript Promise Integration) and the tag of JavaScript's exceptions are newer than the type declarations. */
interface Jspi {
  promising(entry: unknown): Entry;
  readonly JSTag: ModuleImports[string];
  Suspending: new (call: (...args: number[]) => Promise<number>) => () => unknown;
}
const jspi = WebAssembly as unknown as Jspi;

function promising(entry: unknown): Entry {
  return jspi.promising(entry);
}

/** The functions for the gate of a metered module. */
function linkGate(account: Account, shared: ModuleImports): Exports {
  return new WebAssembly.Instance(gateLink(), {
    [linkImports.call]: account.calls,
    [linkImports.wait]: { spent: new jspi.Suspending(account.wait) },
    [linkImports.host]: shared,
  }).exports;
}

function linkImportsOf(
  link: Link,
  host: WasiHost,
  shared: ModuleImports,
  { isOver }: InstanceOptions,
): Imports {
  const abi = abiOf(link);
  const calls = bindCalls(host, abi.layout);
  const plain: Record<string, HostCall> = {};
  const waiting: Record<string, () => unknown> = {};
  for (const name of link.names) {
    const call = calls[name];
    invariant(call !== undefined, `host call ${name} exists`);
    plain[name] = isOver === undefined ? call : timed(call, isOver, host);
    if (abi.functions[name]?.waits)
      waiting[name] = new jspi.Suspending((...args) => host.resume(() => call(...args)));
  }
  return { [linkImports.call]: plain, [linkImports.wait]: waiting, [linkImports.host]: shared };
}

/** The call, or the end of the guest behind it. */
function timed(call: HostCall, isOver: () => boolean, host: WasiHost): HostCall {
  return (...args) => {
    if (!isOver()) return call(...args);
    host.stop();
    return 0;
  };
}
