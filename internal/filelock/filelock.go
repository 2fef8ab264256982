// Package filelock keeps processes from doing the same thing at the same time, such as
// packages whose tests run side by side and install the same tool.
package filelock
