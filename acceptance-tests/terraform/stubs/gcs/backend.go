// Package gcs stands in for a backend that is left out of this build: tests keep their state in files.
package gcs

import "github.com/hashicorp/terraform/internal/backend"

// New says that the backend is not there.
func New() backend.Backend { panic("this build has no backend gcs") }
