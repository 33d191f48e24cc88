package playground

// StepsOf is for the decisions that no choice on the page leads to.
var StepsOf = stepsOf
