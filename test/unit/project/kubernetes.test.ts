// The objects of deploy/kubernetes are valid by the schemas of Kubernetes and KEDA, and set only settings that exist.
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1'
import { load, loadAll } from 'js-yaml'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { Job } from 'kubernetes-models/batch/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { ConfigMap, Namespace, Service, ServiceAccount } from 'kubernetes-models/v1'
import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../../packages/shared/src/settings/read.ts'
import { settingsSchema } from '../../../packages/shared/src/settings/schema.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object, which the schemas check
  readonly [field: string]: any
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } }
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FOLDER = join(ROOT, 'deploy/kubernetes')

/** By `apiVersion kind`: the class that validates it, and where its type is. */
const MODELS = {
  'apps/v1 Deployment': [Deployment, 'kubernetes-models/apps/v1'],
  'autoscaling/v2 HorizontalPodAutoscaler': [HorizontalPodAutoscaler, 'kubernetes-models/autoscaling/v2'],
  'batch/v1 Job': [Job, 'kubernetes-models/batch/v1'],
  'keda.sh/v1alpha1 ScaledObject': [ScaledObject, '@kubernetes-models/keda/keda.sh/v1alpha1'],
  'networking.k8s.io/v1 NetworkPolicy': [NetworkPolicy, 'kubernetes-models/networking.k8s.io/v1'],
  'policy/v1 PodDisruptionBudget': [PodDisruptionBudget, 'kubernetes-models/policy/v1'],
  'v1 ConfigMap': [ConfigMap, 'kubernetes-models/v1'],
  'v1 Namespace': [Namespace, 'kubernetes-models/v1'],
  'v1 Service': [Service, 'kubernetes-models/v1'],
  'v1 ServiceAccount': [ServiceAccount, 'kubernetes-models/v1'],
} as const

const modelOf = ({ apiVersion, kind }: Manifest) => MODELS[`${apiVersion} ${kind}` as keyof typeof MODELS]

let manifests: readonly Manifest[]
/** By path from the folder. */
let kustomizations: ReadonlyMap<string, Manifest>
beforeAll(async () => {
  const paths = (await readdir(FOLDER, { recursive: true })).filter((path) => path.endsWith('.yaml'))
  const texts = await Promise.all(paths.map((path) => readFile(join(FOLDER, path), 'utf8')))
  const documents = paths.flatMap((path, index) =>
    loadAll(texts[index] ?? '').map((it) => [path, it as Manifest] as const),
  )
  const isKustomization = ([path]: readonly [string, Manifest]) => path.endsWith('kustomization.yaml')
  manifests = documents.filter((document) => !isKustomization(document)).map(([, manifest]) => manifest)
  kustomizations = new Map(documents.filter(isKustomization))
})

describe('every object', () => {
  it('is valid by the schema of its kind', () => {
    expect(manifests.length).toBeGreaterThan(10)
    for (const manifest of manifests) {
      const [Model] = modelOf(manifest) ?? []
      if (Model === undefined) throw new Error(`no schema for ${manifest.apiVersion} ${manifest.kind}`)
      // The constructor expects the type of its kind, and validate checks it.
      const create = (data: object) => new Model(data as never)
      expect(() => create(manifest).validate(), `${manifest.kind} ${manifest.metadata.name}`).not.toThrow()
    }
  })

  it('has no field that its kind does not have', async () => {
    // The schemas allow unknown fields. The compiler does not, in a literal.
    const literals = manifests.map((manifest) => {
      const [, module] = modelOf(manifest)
      return `({ ${JSON.stringify(manifest).slice(1, -1)} }) satisfies import('${module}').I${manifest.kind}`
    })
    expect(await compile(literals)).toEqual('')
    expect(await compile([(literals[0] ?? '').replace('"metadata"', '"metadato"')])).toContain('metadato')
  })
})

describe('kustomization.yaml', () => {
  it('lists every file beside it', async () => {
    for (const [path, { resources = [] }] of kustomizations) {
      const folder = join(FOLDER, path, '..')
      const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
      const listed = (resources as string[]).filter((name) => name.endsWith('.yaml'))
      expect(listed.toSorted(), path).toEqual(files.toSorted())
    }
    expect(kustomizations.size).toBe(3)
  })
})

describe('migrate, API and worker', () => {
  const workloads = () => manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  const podOf = (manifest: Manifest) => manifest.spec.template.spec
  const variablesOf = (manifest: Manifest): readonly Variable[] => podOf(manifest).containers[0].env
  const workload = (name: string) => workloads().find(({ metadata }) => metadata.name === name) as Manifest

  it('set only settings that exist, and valid values', () => {
    const example = load(String(kustomizations.get('example/kustomization.yaml')?.patches[0].patch)) as Manifest
    const shared = manifests.find(({ kind }) => kind === 'ConfigMap')?.data
    const secret = { DATABASE_URL: 'postgres://app:x@db/waybill', REDIS_URL: 'redis://redis' }
    for (const manifest of workloads()) {
      const variables = variablesOf(manifest).filter(({ name }) => !name.startsWith('MALLOC_'))
      const plain = Object.fromEntries(
        variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
      )
      const settings = podOf(manifest).containers[0].envFrom === undefined ? {} : { ...shared, ...example.data }
      const names = [...variables.map(({ name }) => name), ...Object.keys(settings)]
      expect(names.filter((name) => !(name in settingsSchema.shape))).toEqual([])
      expect(() => readConfig({ ...settings, ...plain, ...secret })).not.toThrow()
    }
  })

  it('take every secret from an object of Kubernetes, each with its own name, and those of the owner in migrate only', () => {
    const secretsOf = (name: string) =>
      variablesOf(workload(name)).flatMap(({ valueFrom }) =>
        valueFrom === undefined ? [] : [valueFrom.secretKeyRef.name],
      )
    for (const { name, valueFrom } of workloads().flatMap(variablesOf)) {
      const isSecret = /URL$|SECRET|TOKEN|API_KEY$|ACCESS_KEY_ID/.test(name)
      expect([name, valueFrom?.secretKeyRef.key]).toEqual([name, isSecret ? name : undefined])
    }
    expect(new Set(secretsOf('waybill-migrate'))).toEqual(new Set(['waybill-owner', 'waybill']))
    expect(new Set(secretsOf('waybill-api'))).toEqual(new Set(['waybill', 'waybill-metrics', 'waybill-api']))
    expect(new Set(secretsOf('waybill-worker'))).toEqual(new Set(['waybill', 'waybill-metrics']))
  })

  it('run without root, write access, capabilities and a token of Kubernetes, within limits', () => {
    expect(workloads()).toHaveLength(3)
    for (const manifest of workloads()) {
      const { securityContext, automountServiceAccountToken, containers } = podOf(manifest)
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(automountServiceAccountToken).toBe(false)
      expect(containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(containers[0].resources).toEqual({
        requests: { cpu: expect.any(String), memory: expect.stringMatching(/Mi$/) },
        limits: { memory: expect.stringMatching(/Mi$/) },
      })
    }
  })

  it('are probed, may be disrupted one at a time, and end in the time that they need', () => {
    const { SHUTDOWN_DELAY, SHUTDOWN_GRACE } = manifests.find(({ kind }) => kind === 'ConfigMap')?.data ?? {}
    for (const name of ['waybill-api', 'waybill-worker']) {
      const { containers, terminationGracePeriodSeconds } = podOf(workload(name))
      const { startupProbe, livenessProbe, readinessProbe, ports } = containers[0]
      const probes = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)
      expect(probes.map(({ path }) => path)).toEqual(['/healthz', '/healthz', '/readyz'])
      for (const { port } of probes) expect(port).toBe(ports[0].name)
      expect(
        manifests.filter(({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === name),
      ).toHaveLength(1)
      expect(terminationGracePeriodSeconds).toBeGreaterThan(
        Number.parseInt(SHUTDOWN_DELAY, 10) + Number.parseInt(SHUTDOWN_GRACE, 10),
      )
    }
  })

  it('are selected by the services, budgets and policies that name them', () => {
    const labels = workloads().map((manifest) => JSON.stringify(manifest.spec.template.metadata.labels))
    const selectors = manifests.flatMap(({ kind, spec }) => {
      if (kind === 'Service') return [spec.selector]
      if (kind === 'PodDisruptionBudget' || kind === 'Deployment') return [spec.selector.matchLabels]
      return kind === 'NetworkPolicy' && spec.podSelector.matchLabels !== undefined
        ? [spec.podSelector.matchLabels]
        : []
    })
    expect(selectors).toHaveLength(7)
    for (const selector of selectors) expect(labels).toContain(JSON.stringify(selector))
  })
})

/** @returns the errors of the compiler */
async function compile(literals: readonly string[]): Promise<string> {
  // Inside node_modules, so that the compiler finds the packages, and no other check sees the file.
  const folder = join(ROOT, `node_modules/.cache/waybill-kubernetes-${process.pid}`)
  await mkdir(folder, { recursive: true })
  try {
    await writeFile(join(folder, 'objects.ts'), `export const objects = [\n${literals.join(',\n')}\n]\n`)
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      '',
    ]
    const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, join(folder, 'objects.ts')]
    const { stdout } = await promisify(execFile)(process.execPath, tsc, { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    )
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
