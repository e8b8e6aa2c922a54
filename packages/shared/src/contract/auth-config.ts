// Where the admin page may send its user to log in.
import { z } from 'zod'

export const authConfigSchema = z
  .object({
    oidc: z
      .object({
        issuer: z.string(),
        clientId: z.string(),
        scopes: z.string().describe('Separated by spaces.'),
      })
      .nullable()
      .describe('The OpenID provider; null: there is none, only API keys.'),
  })
  .meta({ id: 'AuthConfig' })
