import type { MemoryFiles } from './memory/memory-source.ts';

/** A stack that says something of everything. */
export const FULL = `version: "1.0"
stackkit: base-kit
meta: { name: full, domain: home.example.org, email: admin@example.org }
services:
  web:
    image: nginx:1.29
    command: [nginx, -g, "daemon off; # $HOME \${X} %{y}"]
    ports: ["127.0.0.1:8080:80", "53:53/udp", 9000]
    env:
      PLAIN: "a $$b"
      PASSWORD: secret://file/db-password
      URL: "postgres://app:\${secret:file/db-password}@db/\${secret:env/TOKEN}?x=$$1"
      TOKEN: secret://env/TOKEN
    volumes:
      - data:/data
      - shared:/shared:ro
      - /srv/media:/media:ro
      - { type: tmpfs, target: /run/x, tmpfs: { size: 1m, mode: "0755" } }
    tmpfs: /tmp:size=64m,uid=1000
    files:
      - { source: conf, target: /etc/web, mode: "0640", uid: 5, gid: 6 }
      - { target: /etc/inline, content: "cost: $$5 \${secret:file/db-password}\\n" }
      - { source: logo.bin, target: /logo.bin }
      - { source: run.sh, target: /run.sh, mode: "0755" }
    secrets: [{ source: tls, target: tls.key, mode: "0400", uid: 7 }]
    networks: { default: { aliases: [www], ipv4_address: 172.28.0.9 }, back: { priority: 5 } }
    depends_on: { db: { condition: service_healthy }, migrate: { condition: service_completed_successfully } }
    healthcheck: { test: "curl -f http://localhost || exit 1", interval: 5s, timeout: 1500ms, retries: 2, start_period: 10s }
    restart: on-failure:3
    mem_limit: 256m
    mem_reservation: 128m
    cpus: 0.5
    pids_limit: 100
    labels: { team: "a$$b", x.y: "1" }
    user: "1000:1000"
    working_dir: /srv
    hostname: www
    init: true
    read_only: true
    stop_signal: SIGINT
    stop_grace_period: 1m30s
    cap_add: [NET_ADMIN]
    cap_drop: [ALL]
    devices: [/dev/null:/dev/zero2:r]
    dns: 1.1.1.1
    extra_hosts: ["a:10.0.0.1", "v6:fd00::1"]
    group_add: [mail]
    logging: { driver: local, options: { max-size: 1m } }
    security_opt: ["no-new-privileges:true"]
    shm_size: 64m
    sysctls: { net.core.somaxconn: 5 }
    ulimits: { nofile: { soft: 1, hard: 2 } }
    oom_score_adj: 5
    expose: [3000]
    route: { subdomain: www, port: 80 }
  db:
    image: postgres:17
    container_name: database
    env: { POSTGRES_PASSWORD: secret://file/db-password }
    volumes: [data:/var/lib/postgresql/data]
    healthcheck: { test: [CMD, pg_isready], interval: 2s }
    networks: [back]
  migrate:
    build: { context: app, args: { VERSION: "1$$" }, target: prod, secrets: [{ source: tls, target: key }] }
    restart: "no"
    networks: [back]
    depends_on: [db]
  vpn:
    image: vpn:1
    network_mode: service:db
    pid: service:db
    volumes_from: ["db:ro"]
  host:
    image: agent:1
    network_mode: host
    restart: always
networks:
  default: { ipam: { config: [{ subnet: 172.28.0.0/16, gateway: 172.28.0.1 }] } }
  back: { internal: true, labels: { a: b } }
volumes:
  data: { driver_opts: { type: none, o: bind, device: /srv/data } }
  shared: { external: true, name: shared_media }
secrets:
  tls: { secret: "secret://file/tls-key" }
`;

export const FULL_FILES: MemoryFiles = {
  'kombinations/full/conf/a.conf': 'listen $host ${y} %{z};\n',
  'kombinations/full/logo.bin': new Uint8Array([0xff, 0x00, 0x01]),
  'kombinations/full/run.sh': '#!/bin/sh\necho "$1"\n',
  'kombinations/full/app/Dockerfile': 'FROM scratch\n',
};
