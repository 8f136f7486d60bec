// Package legacy is left out of this build.
package legacy
