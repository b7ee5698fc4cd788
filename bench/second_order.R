# R's nnet (BFGS in C, logistic hidden units) on the sine. usage: Rscript second_order.R DATA; prints seconds (median), how many of 20
suppressMessages(library(nnet))
d <- read.table(commandArgs(TRUE)[1], col.names = c("x", "y"))
n <- nrow(d)
seconds <- c()
for (s in 1:20) {
  set.seed(s)
  begun <- as.numeric(Sys.time())
  m <- nnet(y ~ x, d, size = 10, linout = TRUE, rang = 2, maxit = 5000, abstol = n * 0.011, reltol = 0, trace = FALSE)
  if (m$value <= n * 0.011 * 1.0001) seconds <- c(seconds, as.numeric(Sys.time()) - begun)
}
cat(sprintf("%.6g %d\n", median(seconds), length(seconds)))
