// Access tokens for Amazon MSK with IAM, made by AWS's own signer library. The library is optional,
// because it brings the AWS SDK for STS.
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { Token } from './token-source.ts'

/** What Winnow uses of the library. */
type Signer = {
  generateAuthToken(options: { region: string }): Promise<{ token: string; expiryTime: number }>
}

const signerPackage: string = 'aws-msk-iam-sasl-signer-js'

/**
 * Returns the function that signs a token with the credentials that the AWS SDK finds. It throws
 * prerequisite_missing without the library, and broker_refused without credentials.
 */
export function mskTokens(
  region: string,
  load: () => Promise<unknown> = () => import(signerPackage),
): () => Promise<Token> {
  let loading: Promise<Signer> | undefined
  return async () => {
    loading ??= load().then((library) => library as Signer, missing)
    const signer = await loading
    try {
      const { token, expiryTime } = await signer.generateAuthToken({ region })
      return { value: token, expiresMs: expiryTime }
    } catch (cause) {
      const message =
        `no AWS credentials to sign a token for Amazon MSK in ${region}: ${errorMessage(cause)}; ` +
        'give this process a role, a profile or AWS_ACCESS_KEY_ID'
      throw new WinnowError('broker_refused', message, { cause })
    }
  }
}

function missing(cause: unknown): never {
  const message =
    `kafka.saslMechanism aws-msk-iam needs the package ${signerPackage}; install it beside Winnow ` +
    `with \`npm install ${signerPackage}\``
  throw new WinnowError('prerequisite_missing', message, { cause })
}
