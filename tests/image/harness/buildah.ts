// Runs Buildah with a storage of its own, so that it does not see or touch images of other
// programs. Layers are plain copies (vfs), which need no right to mount.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from './program.ts'

/** What an image says about how it runs. */
export type ImageConfig = {
  User: string
  Env: string[]
  Entrypoint: string[]
  Cmd: string[]
  WorkingDir: string
  ExposedPorts: Record<string, object>
  Healthcheck: { Test: string[] }
}

export class Buildah {
  readonly #dir: string

  private constructor(dir: string) {
    this.#dir = dir
  }

  /** Opens the storage in `dir`, creating it if missing. */
  static async open(dir: string): Promise<Buildah> {
    await mkdir(join(dir, 'tmp'), { recursive: true })
    return new Buildah(dir)
  }

  /** The arguments that select the storage; they come before the command. */
  get global(): string[] {
    const [storage, state] = [join(this.#dir, 'storage'), join(this.#dir, 'run')]
    return ['--root', storage, '--runroot', state, '--storage-driver=vfs']
  }

  /** The environment of each call: build caches are next to the storage. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, TMPDIR: join(this.#dir, 'tmp') }
  }

  /** Runs one command; resolves with the trimmed stdout. */
  async run(
    args: readonly string[],
    options: { cwd?: string; log?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    const stdout = await runProgram('buildah', [...this.global, ...args], {
      ...options,
      env: this.env,
    })
    return stdout.trim()
  }

  async hasImage(name: string): Promise<boolean> {
    return (await this.run(['images', '--quiet', '--filter', `reference=${name}`])) !== ''
  }

  async imageConfig(name: string): Promise<ImageConfig> {
    const text = await this.run(['inspect', '--type', 'image', name])
    return (JSON.parse(text) as { Docker: { config: ImageConfig } }).Docker.config
  }
}
