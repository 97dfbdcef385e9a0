package files

const (
	numberFstatat   = 79
	numberRenameat2 = 276
)
