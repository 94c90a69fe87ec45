output "containers" {
  description = "Ids of the containers by service."

  value = {
    traefik = docker_container.traefik.id
    web     = docker_container.web.id
    db      = docker_container.db.id
    migrate = docker_container.migrate.id
    vpn     = docker_container.vpn.id
    host    = docker_container.host.id
  }
}
