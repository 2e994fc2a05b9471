module drainlab

go 1.19
