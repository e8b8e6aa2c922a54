// How the admin page logs users in.
import { z } from 'zod'

export const authConfigSchema = z
  .object({
    oidc: z
      .object({
        issuer: z.string().meta({ examples: ['https://id.example.com/realms/game'] }),
        clientId: z.string().meta({ examples: ['waybill'] }),
        scopes: z
          .string()
          .describe('Separated by spaces.')
          .meta({ examples: ['openid profile'] }),
      })
      .nullable()
      .describe('The OpenID provider. null: none is configured, use an API key.'),
  })
  .meta({ id: 'AuthConfig' })
