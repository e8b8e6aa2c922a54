// Where Prisma's command line finds the schema and the migrations.
import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // As our own deployer has it (packages/shared/src/database/migrations.ts): _prisma_migrations is in the schema waybill.
  // biome-ignore lint/style/noProcessEnv: read by Prisma's own command line, not by the service.
  datasource: { url: withSchema(process.env.DATABASE_URL) },
})

function withSchema(url: string | undefined): string {
  if (url === undefined || url === '') return ''
  const parsed = new URL(url)
  parsed.searchParams.set('schema', 'waybill')
  return parsed.href
}
