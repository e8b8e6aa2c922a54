// Grants the role of API and worker what they need, and no more: it cannot change the audit trail.
import pg from 'pg'
import type { Config } from '../settings/schema.ts'

/** As in docs/audit.md. @param role a name without quotes, as DATABASE_APP_ROLE allows it */
export function appRoleGrants(role: string): string {
  return `GRANT USAGE ON SCHEMA waybill TO ${role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA waybill TO ${role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA waybill TO ${role};
ALTER DEFAULT PRIVILEGES IN SCHEMA waybill GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};
ALTER DEFAULT PRIVILEGES IN SCHEMA waybill GRANT USAGE ON SEQUENCES TO ${role};
REVOKE UPDATE, DELETE ON waybill.audit_events FROM ${role};
REVOKE DELETE ON waybill.exports FROM ${role};
REVOKE INSERT, UPDATE, DELETE ON waybill.audit_head FROM ${role};
REVOKE ALL ON waybill._prisma_migrations FROM ${role};
`
}

/** The rights on the queue in Postgres. */
function queueGrants(role: string, schema: string): string {
  return `GRANT USAGE ON SCHEMA ${schema} TO ${role};
GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role};
GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};
`
}

/**
 * Run as the owner, after the migrations. Does nothing without DATABASE_APP_ROLE. Granting again changes nothing.
 *
 * @param queueSchema of the queue in Postgres, if it is there
 * @throws Error if the role does not exist
 */
export async function grantAppRole(
  { DATABASE_URL, DATABASE_APP_ROLE: role }: Pick<Config, 'DATABASE_URL' | 'DATABASE_APP_ROLE'>,
  queueSchema: string | undefined,
): Promise<void> {
  if (role === undefined) return
  const client = new pg.Client({ connectionString: DATABASE_URL, application_name: 'waybill-migrate' })
  await client.connect()
  try {
    await client.query('BEGIN')
    // Two GRANTs on one table at the same time fail with "tuple concurrently updated".
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('waybill-app-role'))`)
    await client.query(appRoleGrants(role))
    if (queueSchema !== undefined) await client.query(queueGrants(role, queueSchema))
    await client.query('COMMIT')
  } finally {
    await client.end() // rolls back unless there was a COMMIT
  }
}
