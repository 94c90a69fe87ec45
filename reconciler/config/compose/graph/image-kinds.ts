/** Images that keep data, by the last part of their name, and the port that they listen on unless told otherwise. */
const KEEPERS: readonly (readonly [string, number])[] = [
  ['postgres', 5432],
  ['postgis', 5432],
  ['pgvector', 5432],
  ['timescale', 5432],
  ['cockroach', 26_257],
  ['mysql', 3306],
  ['mariadb', 3306],
  ['percona', 3306],
  ['mongo', 27_017],
  ['redis', 6379],
  ['valkey', 6379],
  ['keydb', 6379],
  ['cassandra', 9042],
  ['scylla', 9042],
  ['elasticsearch', 9200],
  ['opensearch', 9200],
  ['rabbitmq', 5672],
  ['kafka', 9092],
  ['redpanda', 9092],
  ['zookeeper', 2181],
  ['etcd', 2379],
  ['consul', 8500],
  ['minio', 9000],
  ['influxdb', 8086],
  ['couchdb', 5984],
  ['neo4j', 7687],
  ['clickhouse', 8123],
  ['nats', 4222],
  ['mssql', 1433],
];

/** Images beside them that are tools or pages for such data, and keep none. */
const TOOL = /admin|exporter|commander|express|insight|dashboard|proxy|backup|client|operator/;

/** The port of an image that keeps data; `undefined` for one that does not. */
export function portOfKeeper(image: string | undefined): number | undefined {
  if (image === undefined) return undefined;
  const name = (image.split('/').at(-1) ?? '').split(/[:@]/)[0]?.toLowerCase() ?? '';
  if (TOOL.test(name)) return undefined;
  return KEEPERS.find(([keeper]) => name.includes(keeper))?.[1];
}
