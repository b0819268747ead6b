// The real kubectl, for what a user would do with it.
import { dump } from 'js-yaml'
import { eventually, type Patience } from './eventually.ts'
import { type Output, type RunOptions, runProgram } from './run-program.ts'

export type KubectlOptions = { readonly command: string; readonly kubeconfig: string; readonly home: string }

/** What `kubectl` is asked about: `{ kind: 'itgt', name: 'checkout', namespace: 'shop' }`, in every spelling that kubectl takes. */
export type ObjectRef = { readonly kind: string; readonly name: string; readonly namespace?: string }

export class Kubectl {
  readonly #options: KubectlOptions

  constructor(options: KubectlOptions) {
    this.#options = options
  }

  /** Runs kubectl and returns what it did, also when it failed. */
  try(args: readonly string[], options: RunOptions = {}): Promise<Output> {
    const { command, kubeconfig, home } = this.#options
    const env = { KUBECONFIG: kubeconfig, HOME: home, NO_COLOR: '1', ...options.env }
    return runProgram(command, args, { ...options, env })
  }

  /** Runs kubectl and returns its stdout; rejects with its stderr when it fails. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(args, options)
    if (code !== 0) {
      throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`)
    }
    return stdout
  }

  /** Applies a YAML text or objects; flags such as `--server-side` or `--dry-run=server` may follow. */
  apply(manifest: string | readonly object[], flags: readonly string[] = []): Promise<string> {
    return this.run(['apply', '-f', '-', ...flags], { stdin: textOf(manifest) })
  }

  delete(manifest: string | readonly object[], flags: readonly string[] = []): Promise<string> {
    return this.run(['delete', '-f', '-', '--ignore-not-found', ...flags], { stdin: textOf(manifest) })
  }

  /** The object, or undefined when it does not exist. */
  async getJson<T>({ kind, name, namespace }: ObjectRef): Promise<T | undefined> {
    const scope = namespace === undefined ? [] : ['-n', namespace]
    const text = await this.run(['get', kind, name, ...scope, '-o', 'json', '--ignore-not-found'])
    return text === '' ? undefined : (JSON.parse(text) as T)
  }

  /** Polls the object until `check` holds for it. `what` completes "expected that ...". */
  async waitFor<T>(
    ref: ObjectRef,
    what: string,
    check: (object: T) => boolean,
    patience: Patience = {},
  ): Promise<T> {
    const look = async () => {
      const object = await this.getJson<T>(ref)
      return object !== undefined && check(object) ? { object } : undefined
    }
    return (await eventually(what, look, { everyMs: 500, ...patience })).object
  }
}

function textOf(manifest: string | readonly object[]): string {
  return typeof manifest === 'string' ? manifest : manifest.map((object) => dump(object)).join('---\n')
}
