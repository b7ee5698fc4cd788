# data.table's fread and as.matrix (of doubles: R has no floats): Rscript load_side.R FILE THREADS. A line "go" asks for one reading;
# the answer is "SECONDS PEAK_KIB SUM".
suppressMessages(library(data.table))
arguments <- commandArgs(TRUE)
setDTthreads(as.integer(arguments[2]))
input <- file("stdin", "r")
while (length(readLines(input, 1)) > 0) {
  start <- proc.time()[[3]]
  x <- as.matrix(fread(arguments[1], showProgress = FALSE))
  seconds <- proc.time()[[3]] - start
  status <- readLines("/proc/self/status")
  peak <- as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE)))
  cat(sprintf("%.6f %.0f %.9g\n", seconds, peak, sum(x)))
  rm(x)
  invisible(gc())
  flush(stdout())
}
