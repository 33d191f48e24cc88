// Package guides holds the code that the guides in docs/guides show, and tests that it does what they say. make docs copies
// the regions marked here into the guides.
package guides
