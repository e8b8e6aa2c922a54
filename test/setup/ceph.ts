// Starts Ceph's RADOS gateway on one machine: one monitor, one OSD that keeps its data in memory, one gateway.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

/** An S3 server with a bucket for the tests. */
export interface TestS3 {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  stop(): Promise<void>
}

const START_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_MS = 10_000

const KEYS = { accessKeyId: 'waybill', secretAccessKey: 'waybill-secret' }

/** Debian's packages are radosgw, ceph-mon, ceph-osd and ceph-common. Everything is below the directory, on 127.0.0.1. */
export async function startCeph({ directory, bucket }: { directory: string; bucket: string }): Promise<TestS3> {
  await mkdir(join(directory, 'mon'), { recursive: true })
  await mkdir(join(directory, 'osd'))
  const [messenger, legacy, port] = await Promise.all([freePort(), freePort(), freePort()])
  const monitor = `[v2:127.0.0.1:${messenger},v1:127.0.0.1:${legacy}]`
  const cluster = randomUUID()
  const conf = join(directory, 'ceph.conf')
  await writeFile(conf, configuration(directory, cluster, monitor))

  const daemons: ChildProcess[] = []
  const kill = () => {
    for (const daemon of daemons) daemon.kill('SIGKILL')
  }
  process.once('exit', kill)
  const run = async (program: string, ...args: string[]) => {
    const done = await promisify(execFile)(program, args, { cwd: directory, timeout: START_TIMEOUT_MS })
    return done.stdout
  }
  const start = (program: string, ...args: string[]) => {
    const daemon = spawn(program, ['-c', conf, '-f', ...args], { cwd: directory, stdio: 'ignore' })
    daemon.on('error', () => undefined) // the wait below reports that it does not answer
    daemons.push(daemon)
  }
  const stop = async () => {
    process.off('exit', kill)
    // The gateway first: without a monitor it waits.
    for (const daemon of daemons.toReversed()) {
      if (daemon.exitCode !== null || daemon.pid === undefined) continue
      const ended = once(daemon, 'exit')
      daemon.kill('SIGTERM')
      await Promise.race([ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })])
      daemon.kill('SIGKILL')
    }
  }

  try {
    await makeKeys(run)
    await run('monmaptool', '--create', '--fsid', cluster, '--addv', 'a', monitor, '--enable-all-features', 'monmap')
    await run('ceph-mon', '-c', conf, '--mkfs', '-i', 'a', '--monmap', 'monmap', '--keyring', 'keyring')
    start('ceph-mon', '-i', 'a')
    await until('the monitor answers', () => run('ceph', '-c', conf, '--connect-timeout', '5', 'mon', 'stat'))
    const osd = randomUUID()
    await run('ceph', '-c', conf, 'osd', 'new', osd)
    await run('ceph', '-c', conf, 'auth', 'import', '-i', 'keyring')
    await run('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osd)
    start('ceph-osd', '-i', '0')
    await until('the OSD is up', async () => {
      if (!(await run('ceph', '-c', conf, 'osd', 'stat')).includes('1 up')) throw new Error('0 up')
    })
    const { accessKeyId, secretAccessKey } = KEYS
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey]
    await run('radosgw-admin', '-c', conf, 'user', 'create', '--uid', 'waybill', '--display-name', 'waybill', ...keys)
    start('radosgw', '-n', 'client.rgw.a', '--rgw-frontends', `beast endpoint=127.0.0.1:${port}`)
    const endpoint = `http://127.0.0.1:${port}`
    await until('the gateway answers', () => fetch(endpoint))
    await createBucket(endpoint, bucket)
    return { endpoint, region: 'us-east-1', bucket, ...KEYS, stop }
  } catch (error) {
    await stop()
    const logs = await Promise.all(
      ['mon.a', 'osd.0', 'client.rgw.a'].map((name) =>
        readFile(join(directory, `${name}.log`), 'utf8').catch(() => ''),
      ),
    )
    throw new Error(`Ceph does not start:\n${logs.map((log) => log.slice(-2_000)).join('\n')}`, { cause: error })
  }
}

type Run = (program: string, ...args: string[]) => Promise<string>

async function makeKeys(run: Run): Promise<void> {
  const capabilities = {
    'mon.': ['mon', 'allow *'],
    'client.admin': ['mon', 'allow *', 'osd', 'allow *'],
    'osd.0': ['mon', 'allow profile osd', 'osd', 'allow *'],
    'client.rgw.a': ['mon', 'allow rw', 'osd', 'allow rwx'],
  }
  for (const [index, [name, granted]] of Object.entries(capabilities).entries()) {
    const caps = granted.flatMap((word, at) => (at % 2 === 0 ? ['--cap', word] : [word]))
    await run(
      'ceph-authtool',
      'keyring',
      ...(index === 0 ? ['--create-keyring'] : []),
      '--gen-key',
      '-n',
      name,
      ...caps,
    )
  }
}

function configuration(directory: string, cluster: string, monitor: string): string {
  return `[global]
fsid = ${cluster}
mon host = ${monitor}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${join(directory, 'keyring')}
run dir = ${directory}
admin socket =
log file = ${join(directory, '$name.log')}
log to stderr = false
mon cluster log file = ${join(directory, 'cluster.log')}
mon data = ${join(directory, 'mon')}
osd data = ${join(directory, 'osd')}
osd objectstore = memstore
memstore device bytes = 8589934592
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1

[osd]
public addr = 127.0.0.1
cluster addr = 127.0.0.1

[client]
rgw dynamic resharding = false
`
}

async function createBucket(endpoint: string, bucket: string): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: KEYS })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
}

async function until(what: string, look: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      await look()
      return
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`Not in time: ${what}`, { cause: error })
    }
    await sleep(200)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
