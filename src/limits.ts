/** Every cap of emend, with its unit in the name and its arithmetic beside it. */

/** Longest path in a release, UTF-8 bytes (release-and-patch, Identity). */
export const pathBytesMax = 512;

/** Files in one release. At about 700 bytes of bookkeeping each: 46 MB. */
export const releaseFilesMax = 65_536;

/** Index of an embedded site: 65,536 files × (a path of 512 bytes, each escaped as `\"`, + 140 bytes) ≈ 76 MB. */
export const payloadIndexBytesMax: number = 80 * 1024 * 1024;

/** Public keys that `emend build --key` puts into an executable. */
export const operatorKeysMax = 16;

/**
 * How much of an embedded site is read and verified before the first request. SHA-256 does about 2 GB/s:
 * 2 ms of a start that takes 10 in all. What is beyond is verified when it is first used.
 */
export const payloadEagerBytesMax: number = 4 * 1024 * 1024;

/** Longest free text in a log line (a message, a reason, a guest's line), UTF-16 units after escaping. */
export const logTextCharsMax = 4096;

/** Longest other field of a log line. A line is at most 2 × (4,096 + 8 × 1,024 + 16 × 2 × 1,024) ≈ 90,000 units. */
export const logFieldCharsMax = 1024;

/** Request headers in one log line. */
export const logHeadersMax = 16;

/** Log lines a second for answered requests, and as many again for failed ones: 200 KB/s, and no person reads more. */
export const logRequestLinesPerSecond = 1000;

/** Log lines a second from the guests of one route. */
export const logGuestLinesPerSecond = 200;

/** Warnings and errors a second: some are caused by requests. */
export const logProblemLinesPerSecond = 100;

/** Log lines waiting for a slow reader of stdout, UTF-16 units: 5 s of both request rates. */
export const logBufferCharsMax: number = 2 * 1024 * 1024;

/** How long a log line waits for others to share its write: at most 100 system calls a second. */
export const logDelayMs = 10;

/** How long a last flush waits for whoever reads stdout. */
export const logFlushMsMax = 1000;

/** Longest line of a guest's stderr that is kept whole, bytes: with a note of what was cut, logTextCharsMax. */
export const guestLineBytesMax = 4000;

/** End of a guest's stderr kept to explain a failure, bytes. Escaped fourfold it still fits logTextCharsMax. */
export const guestTailBytesMax = 1024;

/** Longest answer of a node that a command reads, bytes: the file list of 65,536 files, as in payloadIndexBytesMax. */
export const nodeAnswerBytesMax: number = 80 * 1024 * 1024;

/** What `emend patch` holds of the files of nodes, bytes in all: a machine of 4 GB can still diff beside it. */
export const fetchedFilesBytesMax: number = 1024 * 1024 * 1024;

/** Longest body the admin listener takes but for uploads, bytes: a path of 512 in JSON, each byte escaped in six. */
export const adminBodyBytesMax = 4096;

/** Largest asset that is read into memory at its first request, bytes; a larger one is streamed from where it lies. */
export const assetHeldFileBytesMax: number = 256 * 1024;

/** Assets of one site held in memory, bytes: 64 of the largest. Beyond it the least recently asked goes. */
export const assetHeldBytesMax: number = 16 * 1024 * 1024;

/** Smallest asset worth compressing, bytes: with its head it fills one TCP segment (1,460 bytes) either way. */
export const assetVariantSourceBytesMin = 1024;

/** Largest asset that is compressed, bytes. Its three variants cost 1 to 2 s of one background thread. */
export const assetVariantSourceBytesMax: number = 4 * 1024 * 1024;

/** A variant is kept when it saves at least a tenth of the bytes. */
export const assetVariantRatioMax = 0.9;

/** All variants of one site, bytes: at a third of their source each, of 16 MB of text. */
export const assetVariantsBytesMax: number = 16 * 1024 * 1024;

/** Longest site.toml or emend.toml, bytes. Bun's TOML reader is quadratic in keys: 10,000 of them take 0.2 s. */
export const configBytesMax: number = 128 * 1024;

/** Errors of one configuration file that are listed in a message; the rest is counted. */
export const configIssuesShownMax = 50;

/** Longest module, bytes: CPython's is 26 MB, and compiling takes five to ten times a module's size in memory. */
export const moduleBytesMax: number = 128 * 1024 * 1024;

/** Types, imports, functions, globals and exports of a module, each: what the WebAssembly JavaScript API lets engines refuse. */
export const moduleEntriesMax = 1_000_000;

/** Parameters and results of one function type, each: the JavaScript API's bound again. */
export const moduleParametersMax = 1000;

/** Imports of one module whose lack a message tells; the rest is counted. `emend inspect` lists them all. */
export const moduleProblemsShownMax = 4;

/** Locals of one function: the JavaScript API lets engines refuse 50,000, and two are for metering. */
export const codeLocalsMax = 49_998;

/** Sections of a module: thirteen are known, the rest are custom ones. At 400 bytes of bookkeeping each: 4 MB. */
export const moduleSectionsMax = 10_000;

/**
 * Stack of one guest, bytes as `wasm/meter/call-depth.ts` counts them: at least what the engine takes. That gives the
 * main thread 4.9 MB. What is left is for what lies below the guest and for host calls, which need 256 KiB.
 */
export const guestStackBytesMax: number = 3 * 1024 * 1024;

/** Entries of all tables of an instance. The tables of Go's and CPython's modules have 20,000; growing by so many takes 30 ms. */
export const guestTableEntriesMax = 1_000_000;

/** Pages of 64 KiB of all memories of an instance where nobody asks for less: all that 32 bits reach but one. */
export const guestMemoryPagesMax = 65_535;

/** A page of a guest's memory. */
export const pageBytes: number = 64 * 1024;

/** What an entry of a guest's table counts as, bytes: the engine keeps 13 to 32 for one. */
export const tableEntryBytes = 32;

/** How often a guest's memories and tables may grow in one run: page by page to twice the default `guest_memory_max`. */
export const guestGrowthsMax = 4096;

/** How long an instance beyond the first rests in its pool before it is let go. */
export const instanceIdleMs = 10_000;

/** Cells in each of the four rows of a site's buckets for clients, a power of two: 512 KiB a site, once it has a rate. */
export const clientBucketCells = 16_384;

/** What emend itself may need beside its guests, bytes: 50 MB at rest, and 10 times a module while it is compiled. */
export const ownMemoryBytes: number = 256 * 1024 * 1024;

/** Threads of emend behind `--confine`: the engine's compilers and collector for each core, disks, compressors. */
export const ownThreadsMax = 256;

/** Longest header block that a guest may answer with, bytes. */
export const responseHeadBytesMax: number = 64 * 1024;

/** How much of a response body waits for its client before the guest has to, bytes. */
export const responseQueueBytesMax: number = 64 * 1024;

/** How much of a chunked request body is collected to find its length, bytes. */
export const chunkedBodyBytesMax: number = 1024 * 1024;

/** Local redirects that one request may take. */
export const localRedirectsMax = 5;

/**
 * How long a connection may say nothing while nobody works for it (between requests) or take nothing of an answer,
 * seconds. For the head of a first request Bun has a limit of its own that cannot be set: 10 seconds from the opening
 * of the connection, looked at every 4 seconds, however the bytes drip in.
 */
export const headerIdleSeconds = 30;

/** How long requests may go on with a release that was replaced and let go: a long download ends, a feed begins anew. */
export const drainMsMax: number = 5 * 60 * 1000;

/** The longest piece of preparing a release on the thread that answers; a request waits for one at the most. */
export const preparingPieceMs = 1;

/** Clients that are told apart while a release is watched or on trial, each release. At about 40 bytes: 400 KB. */
export const clientsCountedMax = 10_000;

/** How long a watched directory has to be still before its content becomes a release. */
export const watchQuietMs = 60;

/** How long after a start the pages of the program that it took are let go: the first requests come before that. */
export const programPagesDelayMs = 2000;

/** How long after a commit the coded forms of assets are begun: the first requests come first. */
export const variantsDelayMs = 300;

/** Events that a stream keeps for listeners that come back. With a reason of 4,096 units each: 2 MB a site at most. */
export const eventsKeptMax = 256;

/** Longest manifest of a patch, bytes (release-and-patch, "The file"): 5,000 to 9,000 files. */
export const manifestBytesMax: number = 1024 * 1024;

/** Longest block of signatures of a patch, bytes: at about 280 each, 230 of them. */
export const signaturesBytesMax: number = 64 * 1024;

/** Manifests that a site remembers as committed, to say "replayed" of them: 64 digits each, 16 KB in a record. */
export const storeCommittedMax = 256;

/** Releases that a site remembers as bad. */
export const storeBadMax = 64;

/** Entries of the audit log. At about 250 bytes: 2.5 MB. */
export const storeAuditsMax = 10_000;

/** Event streams open at once on the admin listener. Each holds `eventQueueBytesMax` at most: 16 MB, and what it missed. */
export const eventStreamsMax = 64;

/** What waits for a listener of an event stream before it is dropped, bytes: 16 events of the longest. */
export const eventQueueBytesMax: number = 256 * 1024;

/** How often a silent event stream says that it is there. Proxies give up after 30 or 60 s. */
export const eventHeartbeatMs = 15_000;

/** Events a second from the failing guests of one site: a listener wants to know that they fail, not each time. */
export const guestEventsPerSecond = 10;

/** Tokens of a node beside the operator's. */
export const tokensMax = 256;

/** How long an upload may bring less than `uploadBytesPerWindowMin` before it is cut. */
export const uploadWindowMs = 10_000;

/** What an upload has to bring in `uploadWindowMs`, bytes: 800 a second, which any modem does. */
export const uploadBytesPerWindowMin = 8000;

/** Entries of the audit in one answer. */
export const auditEntriesMax = 1000;

/** Routes of one site that metrics tell apart; the rest is counted together. At 6 series each: 600 a site. */
export const metricRoutesMax = 100;
/** How long the thread of updates stays after it has done its last: starting it and its code anew costs some 10 ms. */
export const updateThreadIdleMs = 10_000;

/** Memory that the update thread keeps to make files in while it lives, bytes. Larger files get memory of their own. */
export const scratchBytesMax: number = 64 * 1024 * 1024;

/** What all files that a patch makes may come to, bytes: they are in memory until the store has them. */
export const patchMadeBytesMax: number = 2 * 1024 * 1024 * 1024;

/** Room for a patch of unknown length to begin with, bytes: an ordinary one fits. */
export const patchBufferBytesMin: number = 64 * 1024;

/** How many windows a canary may take until there is enough to judge it by; then it goes. */
export const canaryWindowsMax = 10;

/** How long an operator's webhook may take to answer. */
export const webhookAnswerMs = 5000;

/** How long is waited before each further attempt to reach a webhook. */
export const webhookDelaysMs: readonly number[] = [1000, 5000, 25_000];
