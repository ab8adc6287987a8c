"""How strong the evidence is: the rungs of the ladder, the threats, and the sentence that is permitted."""
