import type { Clock } from '@flotilla/kit';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Counts } from './census.js';
import { PrometheusHealth } from './health-metrics.js';

/** What the numbers are read from when somebody asks for them. */
export interface MetricSources {
  readonly agentsConnected: () => number;
  /** Fell silent within the last ten minutes. */
  readonly agentsLost: () => number;
  /** WebSocket feeds that are open. */
  readonly feeds: () => number;
  readonly counts: () => Promise<Counts>;
  readonly heartbeatAgesSeconds: () => Iterable<number>;
  readonly connections: () => number;
  readonly strangers: () => number;
  readonly transitionsWaiting: () => number;
  readonly epoch: () => number;
  readonly certificateExpirySeconds: () => number;
  readonly clustersReachable: () => { readonly reachable: number; readonly unreachable: number };
  /** Since the last time it was asked. */
  readonly loopLagSeconds: () => { readonly p50: number; readonly p99: number; readonly max: number };
  readonly memoryBytes: () => number;
}

/** The numbers of the server, in the Prometheus format, all with the prefix `flotilla_`. */
export class Metrics {
  readonly #registry = new Registry();
  /** What the engine tells of health goes here. */
  readonly health: PrometheusHealth;
  readonly #calls: Histogram;
  readonly #commits: Histogram;
  readonly #refused: Counter;
  readonly #requests: Counter;

  constructor(version: string, clock: Clock) {
    const registers = [this.#registry];
    this.health = new PrometheusHealth(this.#registry, clock);
    this.#calls = new Histogram({
      name: 'flotilla_grpc_server_duration_seconds',
      help: 'Duration of gRPC calls by method and code; streams count from begin to end.',
      labelNames: ['method', 'code'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    });
    this.#commits = new Histogram({
      name: 'flotilla_store_commit_duration_seconds',
      help: 'From the ask to the durable answer, by owner.',
      labelNames: ['owner', 'result'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
      registers,
    });
    this.#refused = new Counter({
      name: 'flotilla_connections_refused_total',
      help: 'Connections ended before they were known: limit, admission (the line was full), handshake.',
      labelNames: ['why'],
      registers,
    });
    this.#requests = new Counter({ name: 'flotilla_http_requests_total', help: 'HTTPS requests begun.', registers });
    new Gauge({
      name: 'flotilla_build_info',
      help: 'Always 1; the version is the label.',
      labelNames: ['version'],
      registers,
    }).set({ version }, 1);
  }

  /** Connects the gauges that are read when asked for. Once. */
  observe(sources: MetricSources): void {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge('flotilla_agents_connected', 'Agents with a session here.', sources.agentsConnected);
    gauge('flotilla_agents_lost', 'Agents that fell silent within the last ten minutes.', sources.agentsLost);
    gauge('flotilla_feeds', 'WebSocket feeds that are open.', sources.feeds);
    this.#byState(
      'flotilla_nodes',
      'Live nodes by state; at most 30 s old.',
      async () => (await sources.counts()).nodes,
    );
    this.#byState(
      'flotilla_machines',
      'Machines by state; at most 30 s old.',
      async () => (await sources.counts()).machines,
    );
    gauge('flotilla_connections', 'Connections of every kind.', sources.connections);
    gauge('flotilla_connections_strangers', 'Connections that have not said who they are.', sources.strangers);
    gauge(
      'flotilla_session_transitions_waiting',
      'Transitions of sessions that are not stored yet.',
      sources.transitionsWaiting,
    );
    gauge('flotilla_server_epoch', 'Epoch of this start.', sources.epoch);
    gauge(
      'flotilla_server_certificate_expiry_seconds',
      'Seconds until the certificate of the server expires.',
      sources.certificateExpirySeconds,
    );
    gauge(
      'flotilla_clusters_unreachable',
      'Clusters whose API server does not answer.',
      () => sources.clustersReachable().unreachable,
    );
    gauge(
      'flotilla_clusters_reachable',
      'Clusters whose API server answers.',
      () => sources.clustersReachable().reachable,
    );
    gauge('flotilla_process_resident_memory_bytes', 'Memory of the server process.', sources.memoryBytes);
    this.#loopLag(sources.loopLagSeconds);
    this.#heartbeatAges(sources.heartbeatAgesSeconds);
  }

  call(call: { readonly method: string; readonly code: string; readonly durationMs: number }): void {
    this.#calls.observe({ method: call.method, code: call.code }, call.durationMs / 1000);
  }

  commit(owner: string, result: 'ok' | 'failed', durationMs: number): void {
    this.#commits.observe({ owner, result }, durationMs / 1000);
  }

  refused(why: 'limit' | 'admission' | 'handshake'): void {
    this.#refused.inc({ why });
  }

  request(): void {
    this.#requests.inc();
  }

  async text(): Promise<{ readonly text: string; readonly contentType: string }> {
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #byState(name: string, help: string, read: () => Promise<ReadonlyMap<string, number>>): void {
    new Gauge({
      name,
      help,
      labelNames: ['state'],
      registers: [this.#registry],
      async collect() {
        const counts = await read();
        this.reset();
        for (const [state, count] of counts) this.set({ state }, count);
      },
    });
  }

  #loopLag(read: MetricSources['loopLagSeconds']): void {
    new Gauge({
      name: 'flotilla_event_loop_lag_seconds',
      help: 'How late the event loop was, since the last scrape.',
      labelNames: ['quantile'],
      registers: [this.#registry],
      collect() {
        const { p50, p99, max } = read();
        this.set({ quantile: '0.5' }, p50);
        this.set({ quantile: '0.99' }, p99);
        this.set({ quantile: '1' }, max);
      },
    });
  }

  #heartbeatAges(read: MetricSources['heartbeatAgesSeconds']): void {
    const bounds = [5, 10, 16, 30, 60, 300];
    new Gauge({
      name: 'flotilla_heartbeat_age_agents',
      help: 'Connected agents whose last heartbeat is at most so many seconds old (cumulative).',
      labelNames: ['le'],
      registers: [this.#registry],
      collect() {
        const counts = bounds.map(() => 0);
        let total = 0;
        for (const age of read()) {
          total += 1;
          for (const [i, bound] of bounds.entries()) if (age <= bound) counts[i] = (counts[i] ?? 0) + 1;
        }
        for (const [i, bound] of bounds.entries()) this.set({ le: String(bound) }, counts[i] ?? 0);
        this.set({ le: '+Inf' }, total);
      },
    });
  }
}
