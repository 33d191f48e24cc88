package report

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine is where a run took place.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Target string `json:"target"`
	Date   string `json:"date"`
	// Load is the load average when the run began: about 0 on a machine that does nothing else.
	Load string `json:"load"`
}

// ThisMachine describes where the program runs. What cannot be found out is empty.
func ThisMachine() Machine {
	return Machine{
		CPU: cpuModel(), CPUs: runtime.NumCPU(),
		Kernel: firstFields("/proc/sys/kernel/osrelease", 1), Load: firstFields("/proc/loadavg", 3),
		Go: runtime.Version(), Target: runtime.GOOS + "/" + runtime.GOARCH, Date: time.Now().Format(time.DateOnly),
	}
}

func firstFields(file string, n int) string {
	text, _ := os.ReadFile(file)
	fields := strings.Fields(string(text))
	return strings.Join(fields[:min(n, len(fields))], " ")
}

func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
