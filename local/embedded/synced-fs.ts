import { fdatasyncSync, fsyncSync } from 'node:fs';
import type { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import { AppError } from '../../shared/platform/errors.ts';

/** How bytes are forced to the disk; the machine's own calls unless a test watches them. */
export interface DiskSync {
  fsync(fd: number): void;
  fdatasync(fd: number): void;
}

const machineDiskSync: DiskSync = { fsync: fsyncSync, fdatasync: fdatasyncSync };

/** What Emscripten's host file system hands to its operations: an open file and its place in the tree. */
interface HostStream {
  nfd: number;
  node: { mode: number; parent: { name: string } };
}

interface HostFileSystem {
  stream_ops: {
    fsync?: (stream: HostStream) => number;
    write(stream: HostStream, ...rest: unknown[]): number;
  };
}

/** PGlite's ways into PostgreSQL, looked up anew at each call. */
interface Engine {
  NODEFS: HostFileSystem;
  onAbort?: () => void;
  stackRestore(pointer: number): unknown;
  _PostgresMainLoopOnce(): void;
  _PostgresSendReadyForQueryIfNecessary(): void;
  _pgl_pq_flush(): void;
  _pgl_run_atexit_funcs(): void;
}

/** The number by which the C library of the WASM build knows an input/output error. */
const wasmEio = 29;

const directoryBit = 0o040000;

type InitOptions = Parameters<NodeFS['init']>[1];

/**
 * The cluster's directory, with the fsync that PGlite's own NodeFS lacks: PostgreSQL asks for it where its rules want
 * it, at each commit for the WAL and at checkpoints for the data, and here the asking reaches the disk. Calls block the
 * event loop for as long as the disk takes, like the statements themselves. Also counts the WAL written.
 */
export class SyncedFS extends NodeFS {
  /** Bytes of WAL written since this was last set to 0. */
  walBytes = 0;
  readonly #disk: DiskSync;

  constructor(directory: string, disk: DiskSync = machineDiskSync) {
    super(directory);
    this.#disk = disk;
  }

  override async init(pglite: PGlite, options: InitOptions): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const preRun = [
      ...(emscriptenOpts.preRun ?? []),
      (engine: Engine) => {
        this.#extend(engine.NODEFS);
        engine.onAbort = () => stopForGood(engine);
      },
    ];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }

  #extend({ stream_ops: operations }: HostFileSystem): void {
    const { write } = operations;
    operations.write = (stream, ...rest) => {
      const written = write(stream, ...rest);
      if (isWal(stream)) this.walBytes += written;
      return written;
    };
    operations.fsync = (stream) => this.#sync(stream);
  }

  /** 0, or the error number that makes PostgreSQL give up rather than acknowledge what is not on disk. */
  #sync(stream: HostStream): number {
    try {
      if (isWal(stream)) this.#disk.fdatasync(stream.nfd);
      else this.#disk.fsync(stream.nfd);
      return 0;
    } catch (error) {
      // Some systems cannot sync a directory; PostgreSQL itself carries on there.
      const isDirectory = (stream.node.mode & 0o170000) === directoryBit;
      const isFailure = Reflect.get(Object(error), 'code') === 'EIO';
      return isDirectory && !isFailure ? 0 : wasmEio;
    }
  }
}

function isWal(stream: HostStream): boolean {
  return stream.node.parent.name === 'pg_wal';
}

/**
 * After a PANIC (a log that cannot be written or synced) a server ends all its processes and recovers from the log. Here
 * the process is ours, and PGlite would go on calling into a PostgreSQL that waits for its own locks, forever. So nothing
 * gets in any more: every statement fails at once, and the next process to open the folder recovers.
 */
function stopForGood(engine: Engine): void {
  const refuse = (): never => {
    throw new AppError('unavailable', 'the embedded database has failed, restart the process');
  };
  const ignore = (): void => undefined;
  engine._PostgresMainLoopOnce = refuse;
  // PGlite swallows what the main loop throws and calls this, for ever, until this throws as well.
  engine.stackRestore = refuse;
  engine._PostgresSendReadyForQueryIfNecessary = ignore;
  engine._pgl_pq_flush = ignore;
  engine._pgl_run_atexit_funcs = ignore;
}
