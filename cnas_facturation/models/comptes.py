"""Quel compte paie une prestation : médicaments et consommables, la pharmacie ; le reste, le compte principal."""

# `p` est la prestation ; son type ne change jamais (voir `cnas.prestation`), le compte non plus.
SQL_COMPTE = "CASE WHEN p.type_prestation IN ('medicament', 'consommable') THEN 'pharmacie' ELSE 'principal' END"
