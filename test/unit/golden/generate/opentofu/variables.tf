variable "db_password" {
  description = "secret://file/db-password"
  type        = string
  sensitive   = true
}

variable "tls_key" {
  description = "secret://file/tls-key"
  type        = string
  sensitive   = true
}

variable "token" {
  description = "secret://env/TOKEN"
  type        = string
  sensitive   = true
}
