package files

const (
	numberFstatat   = 262
	numberRenameat2 = 316
)
