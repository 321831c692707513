// Chooses the login of the Kafka client by kafka.saslMechanism, with passwords and tokens that are
// current at each new connection.
import type { Mechanism, SASLOptions } from 'kafkajs'
import type { Config } from '../../configs/schema.ts'
import { followSecret } from '../followed-files.ts'
import { mskTokens } from './msk-tokens.ts'
import { oauthBearer } from './oauth-bearer.ts'
import { oauthTokens } from './oauth-tokens.ts'
import { createTokenSource } from './token-source.ts'

/** The login for the client's configuration; undefined without one. */
export function saslOf(
  config: Config['kafka'],
  onProblem: (line: string) => void,
): SASLOptions | Mechanism | undefined {
  const { saslMechanism, username, password, passwordFile, oauth, awsRegion } = config
  switch (saslMechanism) {
    case 'none':
      return undefined
    case 'oauthbearer':
      return oauthBearer(
        createTokenSource(oauthTokens(oauth!, onProblem)),
        'kafka.oauth',
        oauth!.extensions,
      )
    case 'aws-msk-iam':
      return oauthBearer(createTokenSource(mskTokens(awsRegion!)), 'kafka.awsRegion')
    default: {
      const current = followSecret(
        { value: password, file: passwordFile, setting: 'kafka.passwordFile' },
        onProblem,
      )
      const login = {
        mechanism: saslMechanism,
        username: username ?? '',
        // kafkajs reads it at each login.
        get password() {
          return current() ?? ''
        },
      }
      return login as SASLOptions
    }
  }
}
