// Uploads artifacts through the MLflow server's own proxy (`mlflow server --artifacts-destination`,
// the default of MLflow 3). A server without the proxy names a bucket or a folder of its own
// machine instead. Nothing is sent there: the client would need credentials for it, and an answer
// must not choose what this process connects to.
import type { MlflowHttp } from './mlflow-http.ts'

/** A file to upload. */
export type MlflowArtifact = {
  /** Where it stands in the run: segments with slashes between, such as `plots/confusion.svg`. */
  readonly path: string
  readonly bytes: Blob
}

/** Uploads to a run; throws `tracking_unavailable` and `tracking_refused`. */
export type MlflowArtifacts = {
  /**
   * Uploads a file to the place that the run's `artifactUri` names; a file of that path is
   * replaced. `not-proxied` means that the server does not take artifacts itself, so nothing was
   * sent.
   */
  uploadArtifact(artifactUri: string, artifact: MlflowArtifact): Promise<'uploaded' | 'not-proxied'>
}

/** Creates the part of the client. */
export function createMlflowArtifacts(http: MlflowHttp): MlflowArtifacts {
  return {
    async uploadArtifact(artifactUri, { path, bytes }) {
      const root = proxiedPath(artifactUri, http.url)
      if (root === undefined) return 'not-proxied'
      const whole = [...root, ...path.split('/')].map(encodeURIComponent).join('/')
      await http.put(`api/2.0/mlflow-artifacts/artifacts/${whole}`, bytes)
      return 'uploaded'
    },
  }
}

const proxyPrefix = '/api/2.0/mlflow-artifacts/artifacts/'

/**
 * The segments of a run's place in the server's proxy; undefined if the place is not in the proxy
 * of this server. MLflow writes it as `mlflow-artifacts:/1/abc/artifacts`, with the host of the
 * server, or as the whole address.
 */
export function proxiedPath(artifactUri: string, serverUrl: string): string[] | undefined {
  const uri = URL.parse(artifactUri)
  const server = new URL(serverUrl)
  if (uri === null) return undefined
  const isOwn = uri.host === '' || uri.host === server.host
  if (!isOwn) return undefined
  if (uri.protocol === 'mlflow-artifacts:') return segments(uri.pathname)
  const prefix = `${server.pathname.replace(/\/$/, '')}${proxyPrefix}`
  if (uri.origin !== server.origin || !uri.pathname.startsWith(prefix)) return undefined
  return segments(uri.pathname.slice(prefix.length))
}

/** Undefined if the path leaves the folder of the artifacts. */
function segments(path: string): string[] | undefined {
  const parts = path.split('/').filter((part) => part !== '')
  const names = parts.map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  })
  const isSafe = names.every((name) => name !== '.' && name !== '..' && !/[/\\]/.test(name))
  return isSafe ? names : undefined
}
